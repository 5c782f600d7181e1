import Conversation
import NIOCore
import Wire

/// A request of a caller of Converse, without what a stand-in has left in its
/// history and Bedrock refuses: thinking that no model has signed.
///
/// Changes are splices: all other bytes stay as they came, and with them the
/// provider's prompt cache.
enum ConverseRepair {
    static func repair(_ body: ByteBuffer, dropped: inout [String], into splices: inout Splices) {
        // A search through the bytes tells most requests apart without reading
        // them.
        guard body.withUnsafeReadableBytes({ $0.place(of: "\"reasoningText\"") != nil }),
            let messages = (try? JSONDocument(body))?.root["messages"], messages.kind == .array
        else { return }
        for (index, message) in messages.elements.enumerated() {
            guard let content = message["content"], content.kind == .array,
                content.elements.contains(where: isUnsigned)
            else { continue }
            // A turn that says nothing else stays: turns have to alternate.
            if content.elements.allSatisfy(isUnsigned) {
                splices.replace(content, with: ByteBuffer(string: #"[{"text":"(no text)"}]"#))
            } else {
                splices.filter(content) { !isUnsigned($1) }
            }
            dropped.append("messages[\(index)].content (unsigned reasoningContent)")
        }
    }

    private static func isUnsigned(_ block: JSONView) -> Bool {
        guard let reasoning = block["reasoningContent"]?["reasoningText"] else { return false }
        return reasoning["signature"]?.saysNothing ?? true
    }
}
