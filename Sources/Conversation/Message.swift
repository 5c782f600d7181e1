/// The author of a message.
package enum Role: String, Sendable, Hashable {
    case system, developer, user, assistant
}

/// One turn. The result of a tool call stands in a user's turn, as a
/// ``Part/toolResult(_:)``: dialects that have a role of its own for it map
/// to and from that.
package struct Message: Sendable, Equatable {
    package var role: Role
    package var content: [Part]
    /// OpenAI's `name` of a participant.
    package var name: String?

    package init(_ role: Role, _ content: [Part], name: String? = nil) {
        self.role = role
        self.content = content
        self.name = name
    }
}

/// A piece of a turn.
package enum Part: Sendable, Equatable {
    case text(String)
    case image(ImageSource)
    case toolCall(ToolCall)
    case toolResult(ToolResult)
    /// A model's reasoning, with the signature by which its maker recognises
    /// it again (Anthropic), where there is one.
    case thinking(text: String, signature: String?)
    /// Reasoning that only its maker can read (Anthropic's
    /// `redacted_thinking`).
    case redactedThinking(String)
    /// The model's words of refusal, kept apart from text (OpenAI).
    case refusal(String)
}

package enum ImageSource: Sendable, Equatable {
    /// - Parameter data: base64, as it came.
    case base64(mediaType: String, data: String)
    /// - Parameter detail: OpenAI's `low`, `high` or `auto`.
    case url(String, detail: String?)

    /// Returns whether a text is a media type without parameters, `image/png`
    /// (RFC 9110 §8.3.1): no API can say another one.
    package static func isMediaType(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isTokenByte) }
    }

    /// Returns whether a byte may stand in a token (RFC 9110 §5.6.2).
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

/// A tool that the model wants called.
package struct ToolCall: Sendable, Equatable {
    package var id: String
    package var name: String
    /// JSON text as the model wrote it; it may be broken.
    package var arguments: String

    package init(id: String, name: String, arguments: String) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }
}

/// The result of a called tool.
package struct ToolResult: Sendable, Equatable {
    package var callID: String
    /// Text and images only.
    package var content: [Part]
    package var isError: Bool

    package init(callID: String, content: [Part], isError: Bool = false) {
        self.callID = callID
        self.content = content
        self.isError = isError
    }
}
