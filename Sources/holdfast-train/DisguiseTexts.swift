import ArgumentParser
import Supervision

/// `holdfast-train disguise`
struct DisguiseTexts: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disguise", abstract: "Disguise attacks in every known way, and print the recall that each costs.",
        discussion: "Example: holdfast-train disguise --head attack mine.jsonl")

    @Argument(help: "A file of JSON lines, gzipped or not; lines with label 0 are left out.") var file: String
    @Option(help: "The head that judges them.") var head = "attack"
    @Option(help: "The most texts; they are taken evenly from the file.") var most = 400
    @Flag(help: "The lines have no label: all are attacks.") var all = false

    func validate() throws {
        guard Head(rawValue: head) != nil else {
            throw ValidationError("The heads are \(Head.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        guard most > 0 else { throw ValidationError("--most must be at least 1") }
    }

    func run() throws {
        guard let head = Head(rawValue: head) else { return }
        let rows = try TrainingData.labelled(file).filter { $0.isPositive || all }.map(\.text)
        let step = max(1, (rows.count + most - 1) / most)
        let texts = stride(from: 0, to: rows.count, by: step).map { rows[$0] }
        let plain = caught(texts, head)
        print("| disguise | recall | points lost |\n|---|---|---|\n| none | \(plain) | |")
        for disguise in Disguise.allCases {
            let found = caught(texts.map { disguise.apply(to: $0) }, head)
            let lost = Int(((plain.value - found.value) * 1000).rounded())
            print("| \(disguise.rawValue) | \(found) | \(Double(lost) / 10) |")
        }
    }

    private func caught(_ texts: [String], _ head: Head) -> Share {
        let stage = FirstStage.shared
        return Share(
            hits: texts.count {
                stage.relative(head, stage.assess(CanonicalText($0)), isRead: head == .injection) >= 1
            }, count: texts.count)
    }
}
