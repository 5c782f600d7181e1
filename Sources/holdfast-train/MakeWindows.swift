import ArgumentParser
import FoundationEssentials
import Glibc
import Supervision
import SupervisionTraining

/// `holdfast-train windows`
struct MakeWindows: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "windows", abstract: "Print the windows that the second stage's heads learn from.",
        discussion: """
            JSON lines, for Scripts/second_stage/embed.py and train.py. With --texts, prints the windows \
            of other files of JSON lines instead, each with the file as its source.

            Example: holdfast-train windows --data ../shared/data/supervision > windows.jsonl
            """)

    @Option(help: "The folder of the training data.", completion: .directory) var data: String?
    @Option(help: "More harmless rows, which Benchmarks/supervision/harmless.py makes.", completion: .file())
    var harmless = TrainingData.harmless
    @Option(help: "The seed.") var seed: UInt64 = 18
    @Option(help: "Files of JSON lines with a `text` and a `label`.") var texts: [String] = []
    @Option(help: "The most windows of each text of --texts.") var most = 4

    private struct Line: Encodable {
        var kind: String
        var label: Int
        var source: String
        var group: String
        var text: String
    }

    func validate() throws {
        guard (data == nil) != texts.isEmpty else { throw ValidationError("Name --data, or --texts.") }
        guard (1...10_000).contains(most) else { throw ValidationError("--most is from 1 to 10,000.") }
    }

    func run() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        for window in try windows() {
            let line = Line(
                kind: window.kind, label: window.isPositive ? 1 : 0, source: window.source, group: window.group,
                text: window.text)
            print(String(decoding: try encoder.encode(line), as: UTF8.self))
        }
    }

    private func windows() throws -> [LabelledWindow] {
        if let data {
            let rows = try TrainingData(folder: data, harmless: harmless).rows
            return SecondStageMaterial(rows: rows, seed: seed).windows
        }
        return try texts.flatMap { file in
            let source = file.split(separator: "/").last.map(String.init) ?? file
            return try TrainingData.labelled(file).enumerated().flatMap { number, row in
                CanonicalText(row.text).plain.windows.prefix(most).map { window in
                    LabelledWindow(
                        kind: "given", isPositive: row.isPositive, source: source, group: "\(source) \(number)",
                        text: String(decoding: window.text, as: UTF8.self))
                }
            }
        }
    }
}
