import ArgumentParser
import Encodings
import Files
import Supervision
import SupervisionTraining

/// `holdfast-train first-stage`
struct TrainFirstStage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "first-stage", abstract: "Train the first stage, and write its weights.",
        discussion: """
            Reads the rows, generates the rest of the material from a seed, and writes Swift \
            files. The same rows give the same files, in whatever order they stand.

            Example: holdfast-train first-stage --data ../shared/data/supervision
            """)

    @Option(help: "The folder of the training data.", completion: .directory) var data: String
    @Option(help: "More harmless rows, which Benchmarks/supervision/harmless.py makes.", completion: .file())
    var harmless = TrainingData.harmless
    @Option(help: "Where the weights are written; only the digest is printed with `-`.", completion: .directory)
    var output = "Sources/Supervision/FirstStage/Weights"

    func run() throws {
        let data = try TrainingData(folder: data, harmless: harmless)
        let result = FirstStageTraining().run(data)
        print("data    \(data.digest)\nweights \(result.digest)")
        for (head, name) in zip(result.stage.heads, Head.allCases) {
            print(
                "\(name.rawValue): \(head.lowest) \(head.highest) \(head.drift) \(head.thresholds), read \(head.thresholdsOfRead)"
            )
        }
        guard output != "-" else { return }
        for (head, weights) in zip(Head.allCases, result.weights) {
            let file = head.rawValue.prefix(1).uppercased() + head.rawValue.dropFirst() + "Weights.swift"
            try write(WeightsText.file(named: head.rawValue, head: head.rawValue, weights: weights), file)
        }
        try write(record(result, data.digest), "FirstStageRecord.swift")
    }

    private func write(_ text: String, _ file: String) throws {
        do { try WholeFile.replaceDurably("\(output)/\(file)", with: Array(text.utf8)) } catch {
            complain("\(error)")
            throw ExitCode.cannotCreate
        }
    }

    private func record(_ result: FirstStageTraining.Result, _ data: String) -> String {
        let heads = result.stage.heads.map { head in
            """
                    FirstStageHead(
                        lowest: \(head.lowest), highest: \(head.highest), drift: \(head.drift),
                        thresholds: [
                            \(head.thresholds.map(String.init).joined(separator: ", ")),
                        ],
                        thresholdsOfRead: [
                            \(head.thresholdsOfRead.map(String.init).joined(separator: ", ")),
                        ]),
            """
        }
        return """
            // Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

            /// The parameters of the first stage, as its training fixed them. The
            /// weights stand in files of their own.
            enum FirstStageRecord {
                /// The SHA-256 of the rows that it was trained on.
                static let data = "\(data)"
                /// The SHA-256 of the reading of sample texts with which it was trained.
                static let reading = "\(result.reading)"
                /// The SHA-256 of parameters and weights.
                static let digest = "\(result.digest)"
                /// In the order of the heads.
                static let heads: [FirstStageHead] = [
            \(heads.joined(separator: "\n"))
                ]
            }

            """
    }
}
