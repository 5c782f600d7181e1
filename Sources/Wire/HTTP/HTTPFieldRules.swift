/// Which HTTP fields may cross the gateway. Names are compared in lower case.
package enum HTTPFieldRules {
    /// Fields of one connection, never of a message (RFC 9110 §7.6.1).
    package static func isHopByHop(_ name: String) -> Bool {
        switch name {
        case "connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
            "proxy-authenticate", "proxy-authorization", "http2-settings":
            true
        default: false
        }
    }

    /// A caller's fields that a provider of the same dialect gets to see, by
    /// their names in lower case.
    ///
    /// An allow-list of families, so that a client's new beta goes through and
    /// whatever else a caller sends (cookies, its address, its Holdfast key)
    /// stays here: those of the APIs themselves, and those by which coding
    /// agents say which session and agent a request belongs to. Fields that
    /// choose an account are among them: a provider's settings say whether they
    /// pass.
    package static func isForwardedToProvider(_ name: String) -> Bool {
        switch name {
        case "idempotency-key", "x-stainless-helper-method", "x-app", "x-client-request-id", "x-openai-subagent",
            "session-id", "session_id", "thread-id", "conversation_id", "originator", "chatgpt-account-id":
            true
        // Says something of a browser to the server that it talks to.
        case "anthropic-dangerous-direct-browser-access": false
        default:
            name.hasPrefix("anthropic-") || name.hasPrefix("openai-") || name.hasPrefix("x-codex-")
                || name.hasPrefix("x-claude-code-") || name.hasPrefix("x-amzn-bedrock-")
        }
    }

    /// Returns whether a name, in any case, may be one of those that
    /// ``isForwardedToProvider(_:)`` knows. A quick check by the first letters,
    /// so that not every name has to be changed to lower case.
    package static func mayBeForwarded(_ name: String) -> Bool {
        var letters = name.utf8.makeIterator()
        guard let first = letters.next(), let second = letters.next(), let third = letters.next() else { return false }
        // As numbers, since each field of each request passes here; letters of `anthropic-`, `openai-`, `originator`, …
        switch UInt16(first | 0x20) << 8 | UInt16(second | 0x20) {
        case pair("a", "n"), pair("o", "p"), pair("o", "r"), pair("i", "d"), pair("t", "h"), pair("c", "h"),
            pair("c", "o"), pair("s", "e"):
            return true
        case pair("x", "-"): return "saco".utf8.contains(third | 0x20)
        default: return false
        }
    }

    @inline(__always)
    private static func pair(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> UInt16 {
        UInt16(UInt8(ascii: first)) << 8 | UInt16(UInt8(ascii: second))
    }

    /// A provider's fields that come back to the caller: rate limits, retry
    /// advice, the provider's own request id and processing time, and what an
    /// agent gives back with its next request.
    // For each field of every answer: by its first letter, most are decided.
    package static func isReturnedToCaller(_ name: String) -> Bool {
        switch name.utf8.first {
        case UInt8(ascii: "r"): name == "retry-after" || name == "retry-after-ms"
        case UInt8(ascii: "x"):
            name.hasPrefix("x-ratelimit-") || name.hasPrefix("x-codex-")
                || ["x-should-retry", "x-models-etag", "x-reasoning-included"].contains(name)
        case UInt8(ascii: "o"): ["openai-processing-ms", "openai-version", "openai-organization"].contains(name)
        case UInt8(ascii: "a"): name.hasPrefix("anthropic-ratelimit-") || name == "anthropic-organization-id"
        case UInt8(ascii: "d"): name == "deprecation"
        case UInt8(ascii: "s"): name == "sunset"
        case UInt8(ascii: "l"): name == "link"
        case UInt8(ascii: "w"): name == "warning"
        default: false
        }
    }

    /// A field value that can be put on the wire (RFC 9110 §5.5): visible
    /// ASCII, spaces and tabs; nothing that could start another field.
    ///
    /// On the path of every answer, so a plain loop over a plain String.
    package static func isValidValue(_ value: String) -> Bool {
        var value = value
        return value.withUTF8 { bytes in
            for byte in bytes where byte < 0x20 && byte != 0x09 || byte == 0x7F { return false }
            return true
        }
    }

    /// A field name (RFC 9110 §5.1: a token).
    package static func isValidName(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { bytes in
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    break
                default:
                    guard "!#$%&'*+.^`|~".utf8.contains(byte) else { return false }
                }
            }
            return !bytes.isEmpty
        }
    }
}
