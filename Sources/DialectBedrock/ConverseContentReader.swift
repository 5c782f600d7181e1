import Conversation
import DialectAnthropic
import Wire

/// Reads turns and their content blocks.
///
/// A block that the shared terms can't hold is left over, not refused: the
/// request may be right for Bedrock itself.
enum ConverseContentReader {
    private static let kinds = "text, image, document, toolUse, toolResult, reasoningContent or cachePoint"

    static func system(_ field: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> [Message] {
        let content = try content(field, in: .system, &leftovers)
        return content.isEmpty ? [] : [Message(.system, content)]
    }

    static func messages(_ field: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> [Message] {
        var messages: [Message] = []
        for element in try field.elements() { messages.append(try message(element, &leftovers)) }
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

    private static func role(_ field: Field) throws(APIProblem) -> Role {
        switch try field.word() {
        case "user": return .user
        case "assistant": return .assistant
        case "system": return .system
        default: throw field.problem("Must be \"user\", \"assistant\" or \"system\".")
        }
    }

    private static func content(
        _ field: Field, in role: Role, _ leftovers: inout Leftovers
    ) throws(APIProblem) -> [Part] {
        var parts: [Part] = []
        for block in try field.elements() {
            if let part = try part(block, in: role, &leftovers) { parts.append(part) }
        }
        return parts
    }

    private static func part(_ block: Field, in role: Role, _ leftovers: inout Leftovers) throws(APIProblem) -> Part? {
        let (kind, field) = try block.onlyMember(of: kinds)
        switch kind {
        case "text": return .text(try field.text())
        case "image" where role != .system: return try ConverseBlockReader.image(field, &leftovers).map(Part.image)
        case "document" where role != .system: return try ConverseBlockReader.document(field, &leftovers)
        case "guardContent": return try ConverseBlockReader.guarded(field, &leftovers)
        case "cachePoint":
            leftovers.cachePoint()
            return nil
        case "toolUse" where role != .system:
            guard role == .assistant else { throw field.problem("Belongs in a message of the assistant.") }
            return try ConverseBlockReader.toolCall(field, &leftovers).map(Part.toolCall)
        case "toolResult" where role != .system:
            if isOfServer(field) {
                leftovers.advisory(field)
                return nil
            }
            guard role == .user else { throw field.problem("Belongs in a message of the user.") }
            return .toolResult(try ConverseBlockReader.toolResult(field, &leftovers))
        case "reasoningContent" where role != .system: return try ConverseBlockReader.thinking(field)
        default:
            // Sound, films, search results with citations, and what is yet to come.
            leftovers.essential(field)
            return nil
        }
    }

    /// Returns whether a result is of a tool that ran at Amazon: the words that
    /// the model made of it stay.
    private static func isOfServer(_ field: Field) -> Bool {
        guard let type = field.view["type"]?.word else { return false }
        return type.hasPrefix("server_tool") || type.hasSuffix("_tool_result")
    }
}
