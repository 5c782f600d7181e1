import Conversation
import Wire

/// Reads turns and their content blocks.
///
/// A block that the shared terms can't hold is left over, not refused: the
/// request may be right for an Anthropic provider.
enum ContentDecoder {
    // MARK: Turns

    /// The `system` field: a string, or text blocks.
    static func system(_ field: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> [Message] {
        let content = try content(field, in: .system, &leftovers)
        return content.isEmpty ? [] : [Message(.system, content)]
    }

    static func messages(_ field: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> [Message] {
        var messages: [Message] = []
        for element in try field.elements() {
            messages.append(try message(element, &leftovers))
        }
        return messages
    }

    private static func message(_ field: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> Message {
        var role: Role?
        var content: Field?
        for (name, value) in try field.members() {
            switch name {
            case "role": role = try self.role(field.member("role", value))
            case "content": content = field.member("content", value)
            default: leftovers.wish(name, value, in: field)
            }
        }
        guard let role else { throw field.missing("role") }
        guard let content else { throw field.missing("content") }
        return Message(role, try self.content(content, in: role, &leftovers))
    }

    /// `system` inside `messages` is an instruction from there on:
    /// https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
    private static func role(_ field: Field) throws(APIProblem) -> Role {
        switch try field.word() {
        case "user": return .user
        case "assistant": return .assistant
        case "system": return .system
        default:
            throw field.problem(
                "Must be \"user\", \"assistant\" or \"system\"; "
                    + "instructions for the whole conversation go into the top-level \"system\"."
            )
        }
    }

    // MARK: Blocks

    private static func content(
        _ field: Field, in role: Role, _ leftovers: inout Leftovers
    ) throws(APIProblem) -> [Part] {
        if let text = field.view.string { return [.text(text)] }
        guard field.view.kind == .array else { throw field.problem("Must be a string or an array of content blocks.") }
        var parts: [Part] = []
        for block in try field.elements() {
            if let part = try part(block, in: role, &leftovers) { parts.append(part) }
        }
        return parts
    }

    private static func part(_ block: Field, in role: Role, _ leftovers: inout Leftovers) throws(APIProblem) -> Part? {
        let (word, type) = try block.type()
        if let text = PlainBlock.text(block.view, word) { return .text(text) }
        switch word {
        case "text": return .text(try BlockDecoder.text(block, &leftovers))
        case "image" where role != .system: return try BlockDecoder.image(block, &leftovers).map(Part.image)
        case "tool_use" where role != .system:
            guard role == .assistant else {
                throw type.problem("A tool_use block belongs in a message of the assistant.")
            }
            return .toolCall(try BlockDecoder.toolCall(block, &leftovers))
        case "tool_result" where role != .system:
            guard role == .user else { throw type.problem("A tool_result block belongs in a message of the user.") }
            return .toolResult(try BlockDecoder.toolResult(block, &leftovers))
        case "thinking" where role != .system: return try BlockDecoder.thinking(block, &leftovers)
        case "redacted_thinking" where role != .system: return try BlockDecoder.redactedThinking(block, &leftovers)
        // What Anthropic's own tools did and found in earlier turns. The words
        // that the model made of it stay.
        case _ where role == .assistant:
            leftovers.advisory(type)
            return nil
        default:
            // Files, documents that aren't text, and what is yet to come.
            leftovers.essential(type)
            return nil
        }
    }
}
