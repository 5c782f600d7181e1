import Supervision
import SupervisionTraining

/// The tables in which each source was left out of training, and then judged.
struct LeaveOneOut {
    var data: TrainingData
    var heads: [Head]

    typealias Report = (String, Head, FirstStage, [LabelledText]) throws -> Void

    /// Negatives of every set: benign rows of the data that no training sees.
    private var benign: [LabelledText] {
        data.rows.filter {
            $0.kind == .benign && !$0.isDocument && !$0.isInstruction && ($0.isValidation || $0.isKeptBack)
        }
        .map { LabelledText($0.text, false) }
    }

    func run(_ report: Report) throws {
        if heads.contains(.attack) { try run(.attack, .attack, report) }
        if heads.contains(.harm) { try run(.harm, .harm, report) }
        if heads.contains(.output) {
            let stage = FirstStageTraining(heads: [.output]).run(data, thresholds: 100).stage
            let rows = data.rows.filter { $0.kind == .output && $0.isValidation }
            try report("questions kept back", .output, stage, rows.map { LabelledText($0.text, $0.label == 1) })
        }
        if heads.contains(.injection) { try injection(report) }
    }

    private func run(
        _ head: Head, _ kind: TrainingRow.Kind,
        _ report: Report
    ) throws {
        for source in Set(data.rows.filter { $0.kind == kind }.map(\.source)).sorted() {
            let stage = FirstStageTraining(leftOut: [source], heads: [head]).run(data, thresholds: 100).stage
            let rows = data.rows.filter { $0.source == source && $0.kind == kind }
            let negatives = data.rows.filter { $0.source == source && $0.kind == .benign }
            try report(source, head, stage, rows.map { LabelledText($0.text, true) } + benign)
            guard !negatives.isEmpty else { continue }
            try report(
                "\(source), its own benign rows", head, stage,
                rows.map { LabelledText($0.text, true) } + negatives.map { LabelledText($0.text, false) })
        }
    }

    /// Plants the rows of the data, of which training has seen none, in texts
    /// of another seed. The tables say which kind was caught.
    private func injection(_ report: Report) throws {
        let stage = FirstStageTraining(leftOut: ["BIPIA train"], heads: [.injection]).run(data, thresholds: 100).stage
        let rows = data.rows.filter { $0.kind == .injection }
        let grammar = HeadMaterial.grammar(data.rows, keptBack: true)
        var chance = Chance(seed: 77)
        let hosts = (0..<1000).map { _ in grammar.make(chance.isLucky(percent: 60) ? "output" : "document", &chance) }
        let negatives = hosts.map { LabelledText($0, false) }
        for category in Set(rows.compactMap(\.category)).sorted() {
            var planted: [LabelledText] = []
            for (index, row) in rows.filter({ $0.category == category }).enumerated() {
                for round in 0..<4 { planted.append(LabelledText("\(hosts[index * 4 + round])\n\(row.text)", true)) }
            }
            try report("planted: \(category)", .injection, stage, planted + negatives)
        }
        for rule in ["plain", "wrapper"] {
            let planted = (0..<400).map { LabelledText("\(hosts[$0])\n\(grammar.make(rule, &chance))", true) }
            try report("planted, generated: \(rule)", .injection, stage, planted + negatives)
        }
    }
}
