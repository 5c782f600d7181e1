import Conversation
import NIOCore
import Wire

/// Reasoning that Holdfast itself has put into an item: other providers' with
/// the signature by which they know it again.
///
/// Only what its maker alone can read stands in `encrypted_content`: words would
/// come back past a supervisor there. They stand in the summary.
enum OwnReasoning {
    /// The beginning of such an item's `encrypted_content`; letters and `_`, so
    /// that the whole looks like what other providers encrypt.
    static let prefix: StaticString = "holdfast_"
    private static let signature = "holdfast_signature_"
    private static let redacted = "holdfast_redacted_"

    /// - Parameter encrypted: The value of an item's `encrypted_content`.
    static func isOwn(_ encrypted: JSONView) -> Bool {
        guard encrypted.kind == .string else { return false }
        return encrypted.fragment.bytes.readableBytesView.dropFirst().starts(
            with: UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
    }

    static func encrypted(signature: String) -> String { Self.signature + signature }
    static func encrypted(redacted: String) -> String { Self.redacted + redacted }

    /// Returns the part of a conversation that an item of Holdfast's own making
    /// stands for; nil for any other.
    /// - Parameter text: The words of its summary.
    static func part(_ encrypted: String, text: String) -> Part? {
        if encrypted.utf8.starts(with: redacted.utf8) {
            return .redactedThinking(String(encrypted.dropFirst(redacted.count)))
        }
        guard encrypted.utf8.starts(with: signature.utf8) else { return nil }
        return .thinking(text: text, signature: String(encrypted.dropFirst(signature.count)))
    }
}
