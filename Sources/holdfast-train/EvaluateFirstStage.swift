import ArgumentParser
import Supervision
import SupervisionTraining

/// `holdfast-train evaluate`
struct EvaluateFirstStage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Score files of JSON lines, or leave one source out after another.",
        discussion: """
            Each line has a `text` and a `label`, 1 for an attack. Prints a table by file.

            Example: holdfast-train evaluate --head attack mine.jsonl
            Example: holdfast-train evaluate --data ../shared/data/supervision
            """)

    @Argument(help: "Files of JSON lines, gzipped or not.") var files: [String] = []
    @Option(help: "The head that judges the files.") var head = "attack"
    @Option(help: "The folder of the training data: trains again without each source.", completion: .directory)
    var data: String?
    @Option(help: "More harmless rows, which Benchmarks/supervision/harmless.py makes.", completion: .file())
    var harmless = TrainingData.harmless
    @Option(help: "Only this head, with --data.") var only: String?
    @Option(help: "Writes each set of --data into this folder, for other detectors.", completion: .directory)
    var sets: String?
    @Flag(help: "The texts of the files are documents and results of tools, and nobody's turn.") var read = false
    @Flag(help: "Print the texts that were missed, the first 120 characters of each.") var missed = false

    func validate() throws {
        guard Head(rawValue: head) != nil, only.map({ Head(rawValue: $0) != nil }) ?? true else {
            throw ValidationError("The heads are \(Head.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        guard !files.isEmpty || data != nil else { throw ValidationError("Name a file, or --data.") }
    }

    func run() throws {
        print("| set | head | TPR at 1 % FPR | TPR as shipped | FPR as shipped | AUC |\n|---|---|---|---|---|---|")
        guard let judge = Head(rawValue: head) else { return }
        for file in files {
            let rows = try TrainingData.labelled(file)
            report(file.split(separator: "/").last.map(String.init) ?? file, judge, .shared, rows)
        }
        guard let data else { return }
        try LeaveOneOut(
            data: TrainingData(folder: data, harmless: harmless),
            heads: only.flatMap(Head.init(rawValue:)).map { [$0] } ?? Head.allCases
        )
        .run { set, head, stage, rows in
            report(set, head, stage, rows)
            if let sets { try LabelledText.write(rows, to: "\(sets)/\(head.rawValue) \(set).jsonl") }
        }
    }

    private func report(_ set: String, _ head: Head, _ stage: FirstStage, _ rows: [LabelledText]) {
        let scored = rows.map { row in
            let found = stage.assess(CanonicalText(row.text), isTurn: !read && (head == .attack || head == .harm))
            return (row, stage.relative(head, found, isRead: read || head == .injection), Double(found[head]))
        }
        let positives = scored.filter { $0.0.isPositive }
        let negatives = scored.filter { !$0.0.isPositive }
        let threshold = Measures.threshold(negatives: negatives.map(\.2), rate: 0.01)
        print(
            """
            | \(set) | \(head.rawValue) | \(negatives.isEmpty ? "-" : "\(Measures.reached(positives.map(\.2), threshold))") \
            | \(Measures.reached(positives.map(\.1), 1)) | \(Measures.reached(negatives.map(\.1), 1)) \
            | \(Share.three(Measures.area(positives: positives.map(\.2), negatives: negatives.map(\.2)))) |
            """)
        guard missed else { return }
        for (row, relative, _) in positives where relative < 1 {
            print("    missed \(Share.three(relative)) \(line(row.text))")
        }
        for (row, relative, _) in negatives where relative >= 1 {
            print("    false \(Share.three(relative)) \(line(row.text))")
        }
    }

    private func line(_ text: String) -> String {
        String(text.prefix(120)).split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
