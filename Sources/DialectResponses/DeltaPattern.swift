import Conversation
import NIOCore
import Wire

/// The form of a text's deltas: those of one part differ in their words, their
/// numbers and their padding only, and need no parse each.
struct DeltaPattern {
    private struct Known {
        var pattern: JSONPattern
        /// The places of the values among those that vary.
        var delta: Int
        var sequence: Int?
    }

    private var known: Known?
    private var learnt = 0

    /// Some servers put something new into every event: then learning costs
    /// more than it saves.
    private static let mostLearnt = 16

    /// Learns from an event that says nothing but words.
    mutating func learn(from root: JSONView) {
        guard learnt < Self.mostLearnt, root["logprobs"]?.saysNothing ?? true else { return }
        var values: [(name: String, value: JSONView)] = []
        for (name, value) in root.members {
            switch name.word {
            case "delta" where value.kind == .string, "obfuscation" where value.kind == .string,
                "sequence_number" where value.int.map { $0 >= 0 } ?? false:
                values.append((name.word ?? "", value))
            default: break
            }
        }
        guard let delta = values.firstIndex(where: { $0.name == "delta" }) else { return }
        learnt += 1
        known = Known(
            pattern: JSONPattern(varying: values.map(\.value)), delta: delta,
            sequence: values.firstIndex { $0.name == "sequence_number" })
    }

    /// The words and the number of an event like the one that was learnt; nil
    /// for others.
    mutating func read(_ data: ByteBuffer) -> (text: String, sequence: Int?)? {
        guard let known else { return nil }
        let found = known.pattern.match(data) { match in
            (text: match.string(known.delta), sequence: known.sequence.flatMap(match.number))
        }
        if found != nil { learnt = 1 }
        return found
    }

    /// Other events follow: what comes next is another part.
    mutating func forget() { known = nil }
}
