import Conversation
import Wire

/// `usage` of a Converse answer.
///
/// Bedrock counts what was read from a cache, and what was written into one,
/// beside `inputTokens`; the shared input is the sum of the three.
enum ConverseUsage {
    /// Nil for anything but an object with counts.
    static func read(_ view: JSONView) -> Usage? {
        guard view.kind == .object else { return nil }
        let input = count(view["inputTokens"])
        let output = count(view["outputTokens"])
        guard input != nil || output != nil else { return nil }
        let cacheRead = count(view["cacheReadInputTokens"])
        let cacheWrite = count(view["cacheWriteInputTokens"])
        return Usage(
            input: (input ?? 0) + (cacheRead ?? 0) + (cacheWrite ?? 0), output: output ?? 0, cacheRead: cacheRead,
            cacheWrite: cacheWrite)
    }

    /// A count; an absurd one is cut, so that sums can't overflow.
    private static func count(_ view: JSONView?) -> Int? { view?.int.map { min(max($0, 0), 1 << 48) } }
}
