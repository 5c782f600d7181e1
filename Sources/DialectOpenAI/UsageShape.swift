import Conversation
import Wire

/// `usage`:
/// https://platform.openai.com/docs/api-reference/chat/object#chat-object-usage
extension Usage {
    /// Reads OpenAI's shape and what compatible servers make of it: counts
    /// that are not given are 0, cached tokens may stand in other places.
    init(reading view: JSONView) throws(UnreadableReply) {
        guard view.kind == .object else { throw UnreadableReply("`usage` is not an object") }
        self.init(input: 0, output: 0)
        for (name, value) in view.members where !value.isNull {
            if name.isString("prompt_tokens") {
                input = try value.count("usage.prompt_tokens")
            } else if name.isString("completion_tokens") {
                output = try value.count("usage.completion_tokens")
            } else if name.isString("prompt_tokens_details") {
                cacheRead = value["cached_tokens"]?.tokens ?? cacheRead
                cacheWrite = value["cache_write_tokens"]?.tokens ?? cacheWrite
            } else if name.isString("completion_tokens_details") {
                reasoning = value["reasoning_tokens"]?.tokens ?? reasoning
            } else if name.isString("prompt_cache_hit_tokens") || name.isString("cached_tokens") {
                // DeepSeek's and Moonshot's.
                cacheRead = cacheRead ?? value.tokens
            }
        }
    }

    func write(to json: inout JSONWriter) {
        json.member("prompt_tokens", input)
        json.member("completion_tokens", output)
        json.member("total_tokens", total)
        if cacheRead != nil || cacheWrite != nil {
            json.object("prompt_tokens_details") { json in
                json.member("cached_tokens", cacheRead ?? 0)
                json.member("cache_write_tokens", ifPresent: cacheWrite)
            }
        }
        if let reasoning {
            json.object("completion_tokens_details") { json in json.member("reasoning_tokens", reasoning) }
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
