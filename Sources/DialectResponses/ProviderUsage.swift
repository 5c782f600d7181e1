import Conversation
import Wire

/// `usage` of a response:
/// https://platform.openai.com/docs/api-reference/responses/object#responses/object-usage
extension Usage {
    /// Reads the counts of a response; those that are not given are 0.
    init(responses view: JSONView) throws(UnreadableReply) {
        guard view.kind == .object else { throw UnreadableReply("`usage` is not an object") }
        self.init(input: 0, output: 0)
        for (name, value) in view.members where !value.isNull {
            if name.isString("input_tokens") {
                input = try value.count("usage.input_tokens")
            } else if name.isString("output_tokens") {
                output = try value.count("usage.output_tokens")
            } else if name.isString("input_tokens_details") {
                cacheRead = value["cached_tokens"]?.tokens ?? cacheRead
                cacheWrite = value["cache_write_tokens"]?.tokens ?? cacheWrite
            } else if name.isString("output_tokens_details") {
                reasoning = value["reasoning_tokens"]?.tokens ?? reasoning
            }
        }
    }
}

extension JSONView {
    /// A count of tokens.
    fileprivate func count(_ field: StaticString) throws(UnreadableReply) -> Int {
        guard let int, int >= 0 else { throw UnreadableReply("`\(field)` is not a count") }
        return min(int, JSONView.mostTokens)
    }

    /// An absurd count is cut, so that sums can't overflow.
    fileprivate static let mostTokens = 1 << 48

    fileprivate var tokens: Int? { int.map { min(max($0, 0), JSONView.mostTokens) } }
}
