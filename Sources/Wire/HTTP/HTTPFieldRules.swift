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

    /// A caller's fields that a provider of the same dialect gets to see.
    ///
    /// An allow-list: whatever else a caller sends (cookies, its address, its
    /// Holdfast key) stays here.
    package static func isForwardedToProvider(_ name: String) -> Bool {
        switch name {
        case "anthropic-version", "anthropic-beta", "openai-beta", "openai-organization", "openai-project",
            "idempotency-key", "x-stainless-helper-method":
            true
        default: false
        }
    }

    /// Returns whether a name, in any case, may be one of those that
    /// ``isForwardedToProvider(_:)`` knows. A quick check, so that not every
    /// name has to be changed to lower case.
    package static func mayBeForwarded(_ name: String) -> Bool {
        switch name.utf8.count {
        case 11, 14, 15, 17, 19, 25: true
        default: false
        }
    }

    /// A provider's fields that come back to the caller: rate limits, retry
    /// advice, the provider's own request id and processing time.
    package static func isReturnedToCaller(_ name: String) -> Bool {
        switch name {
        case "retry-after", "retry-after-ms", "x-should-retry", "openai-processing-ms", "openai-version",
            "openai-organization", "anthropic-organization-id", "deprecation", "sunset", "link", "warning":
            true
        default:
            name.hasPrefix("x-ratelimit-") || name.hasPrefix("anthropic-ratelimit-")
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
