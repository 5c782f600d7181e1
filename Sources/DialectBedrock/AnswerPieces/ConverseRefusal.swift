import Conversation
import NIOCore
import Wire

/// An answer that was blocked: `stopReason: guardrail_intervened`, with the
/// words that stand in its place as a text. So Bedrock tells of its own
/// guardrails.
///
/// https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-converse-api.html
struct ConverseRefusal {
    static let stopReason = "guardrail_intervened"
    /// The words of `stopReason` by which a provider says that it refuses.
    static let words: Set<String> = [stopReason, "content_filtered"]

    private var hasBegun = false
    private var nextIndex = 0

    /// Takes note of `messageStart`.
    mutating func begin() { hasBegun = true }

    /// Takes note of a content block.
    mutating func note(_ index: Int) { nextIndex = max(nextIndex, index + 1) }

    /// - Parameter open: The content blocks that have not ended.
    func write(_ refusal: AnswerRefusal, open: [Int]) -> ByteBuffer {
        var bytes = ByteBuffer()
        if !hasBegun {
            ConverseEventKind.write(ConverseEventKind.messageStart, to: &bytes) { $0.member("role", "assistant") }
        }
        for index in open + [nextIndex] {
            if index == nextIndex {
                ConverseEventKind.write(ConverseEventKind.blockDelta, to: &bytes) { json in
                    json.object("delta") { $0.member("text", refusal.message) }
                    json.member("contentBlockIndex", index)
                }
            }
            ConverseEventKind.write(ConverseEventKind.blockStop, to: &bytes) { $0.member("contentBlockIndex", index) }
        }
        ConverseEventKind.write(ConverseEventKind.messageStop, to: &bytes) { $0.member("stopReason", Self.stopReason) }
        ConverseEventKind.write(ConverseEventKind.metadata, to: &bytes) {
            ConverseAnswerShape.writeCost(nil, since: nil, to: &$0)
        }
        return bytes
    }

    /// A whole answer in place of one that was blocked, at the same cost.
    static func reply(_ refusal: AnswerRefusal, inPlaceOf withheld: JSONView?) -> ByteBuffer {
        let usage = withheld?["usage"].map { counts in
            func count(_ view: JSONView?) -> Int? { view?.int.map { min(max($0, 0), 1 << 48) } }
            let (read, write) = (count(counts["cacheReadInputTokens"]), count(counts["cacheWriteInputTokens"]))
            return Usage(
                input: (count(counts["inputTokens"]) ?? 0) + (read ?? 0) + (write ?? 0),
                output: count(counts["outputTokens"]) ?? 0, cacheRead: read, cacheWrite: write)
        }
        return ConverseReplyWriter.write(stopReason: stopReason, usage: usage, since: nil) { json in
            json.object { $0.member("text", refusal.message) }
        }
    }
}
