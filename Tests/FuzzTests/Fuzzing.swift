import Seeded
import Foundation
import NIOCore
import Testing

/// The time to fuzz, and the seed. The same seed makes the same inputs in the
/// same order; a longer run begins with the inputs of a shorter one.
///
/// - `HOLDFAST_FUZZ_SECONDS`: the time that each test takes its share of, 10 by
///   default; all of them together take twice as long.
/// - `HOLDFAST_FUZZ_SEED`: by default a new one, which is printed.
struct Fuzzing {
    static let seconds = Double(ProcessInfo.processInfo.environment["HOLDFAST_FUZZ_SECONDS"] ?? "") ?? 10
    static let seed: UInt64 = {
        let given = ProcessInfo.processInfo.environment["HOLDFAST_FUZZ_SEED"].flatMap(UInt64.init)
        let seed = given ?? .random(in: .min ... .max)
        print("fuzzing for \(seconds) s; again: HOLDFAST_FUZZ_SEED=\(seed)")
        return seed
    }()

    /// The most processor time that an input may take in a debug build, in
    /// seconds: unlike the time on a clock, it doesn't grow with the load of
    /// the machine.
    static let effort = 5.0

    /// Runs `body` on mutated inputs for its share of the time; stops at the
    /// first input that it finds fault with, and prints that.
    static func run(
        _ name: String, share: Double, inputs: [Corpus.Entry], _ body: (ByteBuffer, inout SplitMix) throws -> Void
    ) throws {
        try #require(!inputs.isEmpty, "there are no fixtures to begin with")
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds * share)
        // Not `hashValue`, which differs from process to process.
        var random = SplitMix(seed: name.utf8.reduce(seed) { $0 &* 31 &+ UInt64($1) })
        var mutator = Mutator(inputs: inputs)
        var count = 0
        var inputsBefore = 0
        while clock.now < end || inputsBefore < inputs.count {
            // First the corpus as it is.
            let input = inputsBefore < inputs.count ? inputs[inputsBefore].bytes : mutator.next(&random)
            inputsBefore += 1
            count += 1
            let start = ByteFuzzing.processorSeconds
            do {
                try body(input, &random)
            } catch {
                Issue.record(
                    "\(name), input \(count), seed \(seed): \(error)\n\(Data(input.readableBytesView).base64EncodedString())"
                )
                return
            }
            let spent = ByteFuzzing.processorSeconds - start
            guard spent < effort else {
                Issue.record(
                    "\(name), input \(count), seed \(seed): took \(spent) s of a processor\n\(Data(input.readableBytesView).base64EncodedString())"
                )
                return
            }
        }
        print("\(name): \(count) inputs")
    }
}

/// A forbidden effect of an input.
struct Fault: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// Everything under `Tests/Fixtures`.
enum Corpus {
    struct Entry: Sendable {
        var name: String
        var bytes: ByteBuffer
    }

    static let all: [Entry] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures").resolvingSymlinksInPath()
        let names = (FileManager.default.enumerator(atPath: root.path)?.allObjects as? [String]) ?? []
        // Sorted, so that a seed means the same everywhere.
        return names.sorted().compactMap { name in
            guard [".json", ".sse", ".events"].contains(where: name.hasSuffix),
                let data = try? Data(contentsOf: root.appendingPathComponent(name))
            else { return nil }
            return Entry(name: name, bytes: ByteBuffer(bytes: data))
        }
    }()

    static let documents = all.filter { $0.name.hasSuffix(".json") }
    /// Texts of server-sent events, and of messages that are written as such
    /// (``Pieces/bytes(of:in:)``).
    static let streams = all.filter { $0.name.hasSuffix(".sse") || $0.name.hasSuffix(".events") }

    static func golden(_ dialect: String, _ entries: [Entry]) -> [Entry] {
        entries.filter { $0.name.hasPrefix("golden/\(dialect)/") || $0.name.contains(".\(dialect).") }
    }
}
