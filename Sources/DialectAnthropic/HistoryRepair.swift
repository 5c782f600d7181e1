import Conversation
import NIOCore
import Wire

/// A request of a caller of this dialect, without what a stand-in has left in
/// its history and Anthropic refuses: thinking that nobody has signed, and a
/// thinking budget for a turn that began without thinking.
///
/// Changes are splices: all other bytes stay as they came, and with them the
/// provider's prompt cache.
struct HistoryRepair {
    private let document: JSONDocument
    private let messages: JSONView
    private var splices: Splices
    private var dropped: [String] = []

    static func repair(_ body: ByteBuffer, dropped: inout [String], into splices: inout Splices) {
        guard isSuspicious(body), let document = try? JSONDocument(body), let messages = document.root["messages"],
            messages.kind == .array
        else { return }
        var repair = HistoryRepair(document: document, messages: messages, splices: splices)
        repair.leaveOutUnsigned()
        repair.leaveOutThinking()
        splices = repair.splices
        dropped += repair.dropped
    }

    private init(document: JSONDocument, messages: JSONView, splices: Splices) {
        self.document = document
        self.messages = messages
        self.splices = splices
    }

    /// A search through the bytes, which tells most requests apart without
    /// reading them: without thinking in it, nothing can be wrong.
    private static func isSuspicious(_ body: ByteBuffer) -> Bool {
        body.withUnsafeReadableBytes { $0.place(of: "\"thinking\"") != nil }
    }

    // MARK: Thinking that nobody has signed

    private static func isUnsigned(_ block: JSONView) -> Bool {
        guard block["type"]?.isString("thinking") == true else { return false }
        return block["signature"]?.saysNothing ?? true
    }

    private mutating func leaveOutUnsigned() {
        var emptied: Set<Int> = []
        for (index, message) in messages.elements.enumerated() {
            guard let content = message["content"], content.kind == .array,
                content.elements.contains(where: Self.isUnsigned)
            else { continue }
            dropped.append("messages[\(index)].content (unsigned thinking)")
            if content.elements.allSatisfy(Self.isUnsigned) { emptied.insert(index) }
        }
        guard !dropped.isEmpty else { return }
        if emptied.isEmpty {
            for message in messages.elements {
                guard let content = message["content"], content.kind == .array,
                    content.elements.contains(where: Self.isUnsigned)
                else { continue }
                splices.filter(content) { !Self.isUnsigned($1) }
            }
        } else {
            // A turn that says nothing else goes with it.
            var kept = ByteBuffer(string: "[")
            var isFirst = true
            for (index, message) in messages.elements.enumerated() where !emptied.contains(index) {
                if !isFirst { kept.writeStaticString(",") }
                isFirst = false
                kept.writeImmutableBuffer(Self.withoutUnsigned(message))
            }
            kept.writeStaticString("]")
            splices.replace(messages, with: kept)
        }
    }

    private static func withoutUnsigned(_ message: JSONView) -> ByteBuffer {
        guard let content = message["content"], content.kind == .array, content.elements.contains(where: isUnsigned),
            let alone = try? message.fragment.document(), let content = alone.root["content"]
        else { return message.fragment.bytes }
        var splices = Splices()
        splices.filter(content) { !isUnsigned($1) }
        return splices.apply(to: alone.bytes)
    }

    // MARK: A budget in the middle of another model's turn

    private mutating func leaveOutThinking() {
        guard let thinking = document.root["thinking"], thinking["type"]?.isString("enabled") == true,
            endsInUnthoughtCall
        else { return }
        splices.replace(thinking, with: ByteBuffer(string: #"{"type":"disabled"}"#))
        dropped.append("thinking")
        // Which thinking to keep is a question only where there is some.
        guard let edits = document.root["context_management"]?["edits"], edits.kind == .array,
            edits.elements.contains(where: Self.editsThinking)
        else { return }
        splices.filter(edits) { !Self.editsThinking($1) }
        dropped.append("context_management.edits")
    }

    private static func editsThinking(_ edit: JSONView) -> Bool {
        edit["type"]?.word?.utf8.starts(with: "clear_thinking".utf8) == true
    }

    /// True when the last turn brings results of calls that the turn before
    /// made without thinking.
    private var endsInUnthoughtCall: Bool {
        var last: JSONView?
        var before: JSONView?
        for message in messages.elements { (before, last) = (last, message) }
        guard let last, let before, last["role"]?.isString("user") == true,
            before["role"]?.isString("assistant") == true,
            last["content"]?.elements.contains(where: { $0["type"]?.isString("tool_result") == true }) == true,
            let blocks = before["content"], blocks.kind == .array
        else { return false }
        guard let first = blocks.elements.first(where: { !Self.isUnsigned($0) }) else { return false }
        return !(first["type"]?.isString("thinking") == true || first["type"]?.isString("redacted_thinking") == true)
    }
}
