package import Conversation
package import Wire

/// `logprobs` of a choice:
/// https://platform.openai.com/docs/api-reference/chat/object#chat-object-choices
///
/// OpenAI keeps the tokens of a refusal apart from those of the content; an
/// answer is one or the other, so the shared terms don't.
extension TokenLogprob {
    /// - Returns: nil where there are none.
    static func read(_ view: JSONView) throws(UnreadableReply) -> [TokenLogprob]? {
        guard view.kind == .object else { return nil }
        for name: StaticString in ["content", "refusal"] {
            guard let tokens = view[name], tokens.kind == .array else { continue }
            return try readTokens(tokens)
        }
        return nil
    }

    /// Reads a list of tokens with their log-probabilities.
    package static func readTokens(_ view: JSONView) throws(UnreadableReply) -> [TokenLogprob] {
        var tokens: [TokenLogprob] = []
        for element in view.elements {
            guard let token = element["token"]?.string, let logprob = element["logprob"]?.double else {
                throw UnreadableReply("an entry of `logprobs` lacks `token` or `logprob`")
            }
            var bytes: [UInt8]?
            if let view = element["bytes"], view.kind == .array {
                var collected: [UInt8] = []
                for byte in view.elements {
                    guard let byte = byte.int.flatMap(UInt8.init(exactly:)) else {
                        throw UnreadableReply("`bytes` of a token holds something else")
                    }
                    collected.append(byte)
                }
                bytes = collected
            }
            var top: [TokenLogprob] = []
            if let alternatives = element["top_logprobs"], alternatives.kind == .array {
                top = try readTokens(alternatives)
            }
            tokens.append(TokenLogprob(token: token, logprob: logprob, bytes: bytes, top: top))
        }
        return tokens
    }

    /// - Parameter isAlternative: one of `top_logprobs`, which have none
    ///   themselves.
    package func write(to json: inout JSONWriter, isAlternative: Bool = false) {
        json.object { json in
            json.member("token", token)
            json.member("logprob", logprob)
            if let bytes {
                json.array("bytes") { json in for byte in bytes { json.value(Int(byte)) } }
            } else {
                json.null("bytes")
            }
            guard !isAlternative else { return }
            json.array("top_logprobs") { json in
                for token in top { token.write(to: &json, isAlternative: true) }
            }
        }
    }

    /// The whole value of a choice's `logprobs`.
    static func write(_ tokens: [TokenLogprob], ofRefusal: Bool, to json: inout JSONWriter) {
        func list(_ json: inout JSONWriter) { for token in tokens { token.write(to: &json) } }
        json.object { json in
            if ofRefusal {
                json.null("content")
                json.array("refusal", list)
            } else {
                json.array("content", list)
                json.null("refusal")
            }
        }
    }
}
