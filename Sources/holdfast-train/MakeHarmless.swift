import ArgumentParser
import Supervision
import SupervisionTraining

/// `holdfast-train harmless`
struct MakeHarmless: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "harmless", abstract: "Make harmless requests, and print how many the first stage would stop.",
        discussion: "Example: holdfast-train harmless --words 20000 --count 200 --seed 7")

    @Option(help: "The words of a request.") var words = 1000
    @Option(help: "The number of requests.") var count = 200
    @Option(help: "The seed.") var seed: UInt64 = 7
    @Flag(help: "Print the texts of one request instead.") var show = false

    func validate() throws {
        guard (1...1_000_000).contains(words), (1...100_000).contains(count) else {
            throw ValidationError("--words must be 1 to 1,000,000, --count 1 to 100,000")
        }
    }

    func run() throws {
        var chance = Chance(seed: seed)
        guard !show else {
            for (place, text) in HarmlessRequest.make(words: words, from: .harmless, &chance).texts {
                print("=== \(place)\n\(text)")
            }
            return
        }
        let scores = (0..<count).map { _ in
            HarmlessRequest.make(words: words, from: .harmless, &chance).scores(by: .shared)
        }
        for head in Head.allCases {
            let turns = Measures.reached(scores.map { FirstStage.shared.relative(head, $0.turns) }, 1)
            let read = Measures.reached(scores.map { FirstStage.shared.relative(head, $0.read, isRead: true) }, 1)
            print("\(head.rawValue): turns \(turns), read \(read)")
        }
    }
}
