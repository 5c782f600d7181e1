import Conversation
import Wire

/// Messages of a request: roles and content parts.
///
/// https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
extension ChatRequestReader {
    mutating func readMessages(_ value: JSONView) throws(APIProblem) -> [Message] {
        var messages: [Message] = []
        var followsTool = false
        /// Calls of the last assistant's message that have no result yet.
        var openCalls = 0
        for (index, element) in try value.array(at: "messages").numbered() {
            let fields = try MessageFields(element, at: index, reader: &self)
            if fields.role == "tool" {
                guard fields.toolCallID != nil || openCalls > 0 else {
                    throw .missing("\(fields.path).tool_call_id", "name the tool call that this message answers.")
                }
                openCalls -= 1
                let result = Part.toolResult(try readToolResult(fields))
                // Results of parallel calls belong to one turn.
                if followsTool {
                    messages[messages.count - 1].content.append(result)
                } else {
                    messages.append(Message(.user, [result]))
                }
                followsTool = true
            } else {
                messages.append(try readMessage(fields))
                followsTool = false
                if fields.role == "assistant" { openCalls = messages.last?.calls ?? 0 }
            }
        }
        return messages
    }

    private mutating func readMessage(_ fields: MessageFields) throws(APIProblem) -> Message {
        let path = fields.path
        guard let role = Role(rawValue: fields.role) else {
            let advice =
                fields.role == "function"
                ? "is a role that OpenAI has withdrawn: give the result as a message of role `tool` with the "
                    + "`tool_call_id` of its call, and the call in `tool_calls`."
                : "must be `system`, `developer`, `user`, `assistant` or `tool`."
            throw .invalid("\(path).role", advice)
        }
        for (name, value) in [("tool_call_id", fields.toolCallID), ("tool_calls", fields.toolCalls)]
        where value != nil && (role != .assistant || name == "tool_call_id") {
            leaveOver("\(path).\(name)", value!, isAdvisory: name == "tool_call_id")
        }
        if role == .assistant { return try readAssistant(fields) }
        for (name, value) in [("refusal", fields.refusal), ("reasoning_content", fields.reasoning)] where value != nil {
            leaveOver("\(path).\(name)", value!, isAdvisory: true)
        }
        guard let content = fields.content else { throw .missing("\(path).content", "say what the message says.") }
        return Message(role, try readContent(content, of: path, images: role == .user), name: fields.name)
    }

    private mutating func readAssistant(_ fields: MessageFields) throws(APIProblem) -> Message {
        let path = fields.path
        var parts: [Part] = []
        // What the `reasoning_content` of an answer was, when a client sends
        // the answer back as it got it.
        if let reasoning = fields.reasoning {
            // Text with all servers that take it back.
            let text = reasoning.string ?? ""
            if !text.isEmpty { parts.append(.thinking(text: text, signature: nil)) }
        }
        if let content = fields.content {
            // Many clients send "" beside tool calls where null is meant.
            let isPlaceholder = content.isString("") && (fields.toolCalls != nil || fields.refusal != nil)
            if !isPlaceholder { parts += try readContent(content, of: path, images: false) }
        }
        if let refusal = fields.refusal { parts.append(.refusal(try refusal.text(at: "\(path).refusal"))) }
        if let calls = fields.toolCalls { parts += try readToolCalls(calls, of: path) }
        if fields.content == nil, fields.refusal == nil, fields.toolCalls == nil, !fields.hasLeftovers {
            throw .missing("\(path).content", "an assistant's message needs `content`, `tool_calls` or `refusal`.")
        }
        return Message(.assistant, parts, name: fields.name)
    }

    private mutating func readToolResult(_ fields: MessageFields) throws(APIProblem) -> ToolResult {
        let path = fields.path
        for (name, value) in [
            ("tool_calls", fields.toolCalls), ("refusal", fields.refusal), ("reasoning_content", fields.reasoning),
        ] where value != nil {
            leaveOver("\(path).\(name)", value!, isAdvisory: true)
        }
        // The call's id says which tool it was; the name says it again.
        if fields.name != nil { leaveOver("\(path).name", isAdvisory: true) }
        return ToolResult(
            // A server that gives its calls no ids leaves callers none to name.
            callID: CallIDForm.read(try fields.toolCallID?.identifier(at: "\(path).tool_call_id") ?? ""),
            content: try fields.content.map { content throws(APIProblem) in
                try readContent(content, of: path, images: true)
            } ?? [])
    }
}

/// One message's members, told apart and not yet read.
private struct MessageFields {
    var path: String
    var role: String
    var content: JSONView?
    var name: String?
    var toolCalls: JSONView?
    var toolCallID: JSONView?
    var refusal: JSONView?
    var reasoning: JSONView?
    var hasLeftovers = false

    init(_ element: JSONView, at index: Int, reader: inout ChatRequestReader) throws(APIProblem) {
        let path = "messages[\(index)]"
        self.path = path
        var role: String?
        for (name, value) in try element.object(at: path).members where !value.isNull {
            let field = name.word ?? ""
            switch field {
            case "role": role = try value.word(at: "\(path).role")
            case "content": content = value
            case "name": self.name = try value.identifier(at: "\(path).name")
            case "tool_calls": toolCalls = value
            case "tool_call_id": toolCallID = value
            case "refusal": refusal = value
            case "reasoning_content": reasoning = value
            // OpenRouter's and vLLM's name for it.
            case "reasoning" where value.kind == .string: reasoning = reasoning ?? value
            default:
                reader.leaveOver("\(path).\(field)", value, isAdvisory: Self.isEcho(field))
                hasLeftovers = true
            }
        }
        guard let role else { throw .missing("\(path).role", "say who speaks, e.g. `user`.") }
        self.role = role
    }

    /// Members that tell of what has been or only tag a message: citations,
    /// reasoning in other forms, what a client has parsed, a cache mark, a
    /// time. What would make the message another is needed.
    private static func isEcho(_ field: String) -> Bool {
        switch field {
        case "function_call", "audio", "prefix", "partial": false
        default: true
        }
    }
}

extension Message {
    /// The number of calls that it holds.
    fileprivate var calls: Int {
        content.reduce(0) { count, part in
            if case .toolCall = part { count + 1 } else { count }
        }
    }
}
