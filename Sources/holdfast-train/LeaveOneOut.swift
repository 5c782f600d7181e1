import Supervision
import SupervisionTraining

/// The tables in which each source was left out of training, and then judged.
struct LeaveOneOut {
    var data: TrainingData
    var heads: [Head]

    /// Negatives of every set: benign rows that no training sees.
    private var benign: [(text: String, isPositive: Bool)] {
        data.rows.filter { $0.kind == .benign && ($0.isValidation || $0.share < HeadMaterial.keptBack) }
            .map { ($0.text, false) }
    }

    func run(_ report: (String, Head, FirstStage, [(text: String, isPositive: Bool)]) -> Void) {
        if heads.contains(.attack) { run(.attack, .attack, report) }
        if heads.contains(.harm) { run(.harm, .harm, report) }
        if heads.contains(.output) {
            let stage = FirstStageTraining(heads: [.output]).run(data, thresholds: 100).stage
            let rows = data.rows.filter { $0.kind == .output && $0.isValidation }
            report("questions kept back", .output, stage, rows.map { ($0.text, $0.label == 1) })
        }
        if heads.contains(.injection) { injection(report) }
    }

    private func run(
        _ head: Head, _ kind: TrainingRow.Kind, _ report: (String, Head, FirstStage, [(text: String, isPositive: Bool)]) -> Void
    ) {
        for source in Set(data.rows.filter { $0.kind == kind }.map(\.source)).sorted() {
            let stage = FirstStageTraining(leftOut: [source], heads: [head]).run(data, thresholds: 100).stage
            let rows = data.rows.filter { $0.source == source && $0.kind == kind }
            let negatives = data.rows.filter { $0.source == source && $0.kind == .benign }
            report(source, head, stage, rows.map { ($0.text, true) } + benign)
            guard !negatives.isEmpty else { continue }
            report("\(source), its own benign rows", head, stage, rows.map { ($0.text, true) } + negatives.map { ($0.text, false) })
        }
    }

    /// Plants the rows of the data, of which training has seen none, in texts
    /// of another seed. The tables say which kind was caught.
    private func injection(_ report: (String, Head, FirstStage, [(text: String, isPositive: Bool)]) -> Void) {
        let stage = FirstStageTraining(leftOut: ["BIPIA train"], heads: [.injection]).run(data, thresholds: 100).stage
        let rows = data.rows.filter { $0.kind == .injection }
        let grammar = HeadMaterial.grammar(data.rows, keptBack: true)
        var chance = Chance(seed: 77)
        let hosts = (0..<1000).map { _ in grammar.make(chance.isLucky(percent: 60) ? "output" : "document", &chance) }
        let negatives = hosts.map { (text: $0, isPositive: false) }
        for category in Set(rows.compactMap(\.category)).sorted() {
            var planted: [(text: String, isPositive: Bool)] = []
            for (index, row) in rows.filter({ $0.category == category }).enumerated() {
                for round in 0..<4 { planted.append(("\(hosts[index * 4 + round])\n\(row.text)", true)) }
            }
            report("planted: \(category)", .injection, stage, planted + negatives)
        }
        for rule in ["plain", "wrapper"] {
            let planted = (0..<400).map { (text: "\(hosts[$0])\n\(grammar.make(rule, &chance))", isPositive: true) }
            report("planted, generated: \(rule)", .injection, stage, planted + negatives)
        }
    }
}
