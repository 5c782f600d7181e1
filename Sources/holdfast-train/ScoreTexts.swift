import ArgumentParser
import Supervision

/// `holdfast-train score`
struct ScoreTexts: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score", abstract: "Print the scores of each line of a file of JSON lines, as JSON lines.",
        discussion: "Example: holdfast-train score mine.jsonl")

    @Argument(help: "A file of JSON lines, gzipped or not.") var file: String

    func run() throws {
        for row in try TrainingData.labelled(file) {
            let scores = FirstStage.shared.assess(CanonicalText(row.text))
            let parts = Head.allCases.map {
                "\"\($0.rawValue)\": \(Share.three(FirstStage.shared.relative($0, scores, isRead: $0 == .injection)))"
            }
            print("{\"label\": \(row.isPositive ? 1 : 0), \(parts.joined(separator: ", "))}")
        }
    }
}
