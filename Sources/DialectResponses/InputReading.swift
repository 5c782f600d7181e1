import Conversation
import DialectOpenAI
import Wire

/// The items of a request's input, as the turns of a conversation.
///
/// What a model says, its calls among it, is one turn until somebody else
/// speaks; results that follow one another are one turn, too.
extension RequestReader {
    mutating func readInput(_ input: JSONView?) throws(APIProblem) -> [Message] {
        guard let input, !input.isNull else {
            throw .missing("input", "give the text or the items that shall be answered.")
        }
        if let text = input.string { return text.isEmpty ? [] : [Message(.user, [.text(text)])] }
        guard input.kind == .array else {
            throw .wrongType("input", wanted: "a string or an array of items", not: input.kind)
        }
        var turns = InputTurns()
        for (index, element) in input.elements.numbered() {
            try read(item: element, at: "input[\(index)]", into: &turns)
        }
        return turns.messages
    }

    private mutating func read(
        item: JSONView, at path: String, into turns: inout InputTurns
    ) throws(APIProblem) {
        let item = try item.object(at: path)
        switch try type(of: item, at: path) {
        case "message": try readMessage(item, at: path, into: &turns)
        case "function_call": turns.say(.toolCall(try readCall(item, at: path)))
        case "custom_tool_call": turns.say(.toolCall(try readCustomCall(item, at: path)))
        case "tool_search_call": turns.say(.toolCall(try readSearch(item, at: path)))
        case "function_call_output", "custom_tool_call_output":
            turns.answer(.toolResult(try readResult(item, at: path)))
        case "tool_search_output": turns.answer(.toolResult(try readFound(item, at: path)))
        // The tools in it have been offered already.
        case "additional_tools": break
        case "reasoning": try readReasoning(item, at: path, into: &turns)
        case "compaction", "compaction_summary": throw .contextLost(path)
        case "item_reference":
            throw .invalid(
                path, "refers to an item that a provider would keep. Nothing is kept (`store` is false): send the item."
            )
        // A provider's own tools, and what they found: the model's words behind
        // them stay.
        case let type: leaveOver("\(path) (\(type))", isAdvisory: Self.isRecord(of: type))
        }
    }

    private func type(of item: JSONView, at path: String) throws(APIProblem) -> String {
        if let type = item["type"], !type.isNull { return try type.word(at: "\(path).type") }
        if item["role"] != nil { return "message" }
        // An id alone is how older clients write it.
        if item["id"] != nil { return "item_reference" }
        throw .missing("\(path).type", "say what the item is, e.g. `message`.")
    }

    /// Returns whether items of a type only record what a provider's tools did.
    private static func isRecord(of type: String) -> Bool {
        switch type {
        case "web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call",
            "mcp_list_tools", "mcp_call", "mcp_approval_request", "program", "program_output":
            true
        default: false
        }
    }

    // MARK: Messages

    private mutating func readMessage(
        _ item: JSONView, at path: String, into turns: inout InputTurns
    ) throws(APIProblem) {
        var role: String?
        var content: JSONView?
        for (name, value) in item.members where !value.isNull {
            let field = name.word ?? ""
            switch field {
            case "role": role = try value.word(at: "\(path).role")
            case "content": content = value
            // How far a message had come, and by which name it went.
            case "type", "id", "status": break
            default: leaveOver("\(path).\(field)", value, isAdvisory: true)
            }
        }
        guard let role else { throw .missing("\(path).role", "say who speaks, e.g. `user`.") }
        guard let speaker = Role(rawValue: role) else {
            throw .invalid("\(path).role", "must be `system`, `developer`, `user` or `assistant`.")
        }
        guard let content else { throw .missing("\(path).content", "say what the message says.") }
        let parts = try readContent(content, at: "\(path).content", images: speaker == .user)
        if speaker == .assistant {
            for part in parts { turns.say(part) }
        } else {
            turns.add(Message(speaker, parts))
        }
    }

    private mutating func readReasoning(
        _ item: JSONView, at path: String, into turns: inout InputTurns
    ) throws(APIProblem) {
        let text = ItemKind.reasoning(in: item)
        if let encrypted = item["encrypted_content"]?.string, !encrypted.isEmpty {
            guard let part = OwnReasoning.part(encrypted, text: text) else {
                return leaveOver("\(path) (reasoning)", isAdvisory: true)
            }
            turns.say(part)
        } else if !text.isEmpty {
            turns.say(.thinking(text: text, signature: nil))
        }
    }

    // MARK: Calls and results

    /// Reads the members that calls have in common.
    private mutating func readCalled(
        _ item: JSONView, at path: String, _ text: StaticString
    ) throws(APIProblem) -> (id: String, key: OfferedTools.Key, text: JSONView?) {
        var id = ""
        var key = OfferedTools.Key(name: "")
        var said: JSONView?
        for (name, value) in item.members where !value.isNull {
            if name.isString(text) {
                said = value
                continue
            }
            let field = name.word ?? ""
            switch field {
            case "call_id": id = CallIDForm.read(try value.identifier(at: "\(path).call_id"))
            case "name": key.name = try value.identifier(at: "\(path).name")
            case "namespace": key.namespace = try value.identifier(at: "\(path).namespace")
            case "type", "id", "status", "execution": break
            default: leaveOver("\(path).\(field)", value, isAdvisory: true)
            }
        }
        return (id, key, said)
    }

    private mutating func readCall(_ item: JSONView, at path: String) throws(APIProblem) -> ToolCall {
        let (id, key, arguments) = try readCalled(item, at: path, "arguments")
        guard !key.name.isEmpty else { throw .missing("\(path).name", "name the function that was called.") }
        // The object itself from clients that forget to quote it.
        let text = arguments.map { $0.string ?? $0.fragment.text } ?? ""
        return ToolCall(id: id, name: offered.name(of: key), arguments: text)
    }

    private mutating func readCustomCall(_ item: JSONView, at path: String) throws(APIProblem) -> ToolCall {
        var (id, key, input) = try readCalled(item, at: path, "input")
        guard !key.name.isEmpty else { throw .missing("\(path).name", "name the tool that was called.") }
        key.takesText = true
        let text = try input?.text(at: "\(path).input") ?? ""
        return ToolCall(
            id: id, name: offered.name(of: key),
            arguments: CustomInput.opening + CustomInput.escaped(text) + CustomInput.closing)
    }

    private mutating func readSearch(_ item: JSONView, at path: String) throws(APIProblem) -> ToolCall {
        let (id, _, arguments) = try readCalled(item, at: path, "arguments")
        return ToolCall(
            id: id, name: offered.name(of: Self.search),
            arguments: arguments.map { $0.string ?? $0.fragment.text } ?? "")
    }

    private mutating func readResult(_ item: JSONView, at path: String) throws(APIProblem) -> ToolResult {
        var result = ToolResult(callID: "", content: [])
        for (name, value) in item.members where !value.isNull {
            let field = name.word ?? ""
            switch field {
            case "call_id": result.callID = CallIDForm.read(try value.identifier(at: "\(path).call_id"))
            case "output": result.content = try readContent(value, at: "\(path).output", images: true)
            // The call's id says which tool it was; the names say it again.
            case "type", "id", "status", "name", "namespace": break
            default: leaveOver("\(path).\(field)", value, isAdvisory: true)
            }
        }
        return result
    }

    /// The tools that a search has found are offered; its result names them.
    private mutating func readFound(_ item: JSONView, at path: String) throws(APIProblem) -> ToolResult {
        let id = try item["call_id"].flatMap { $0.isNull ? nil : $0 }?.identifier(at: "\(path).call_id")
        var names: [String] = []
        for element in item["tools"]?.elements ?? item.elements {
            guard let name = element["name"]?.word else { continue }
            guard element["type"]?.isString("namespace") == true else {
                let key = OfferedTools.Key(name: name, takesText: element["type"]?.isString("custom") == true)
                names.append(offered.name(of: key))
                continue
            }
            for tool in element["tools"]?.elements ?? item.elements {
                guard let inner = tool["name"]?.word else { continue }
                let isCustom = tool["type"]?.isString("custom") == true
                names.append(offered.name(of: OfferedTools.Key(namespace: name, name: inner, takesText: isCustom)))
            }
        }
        let text = names.isEmpty ? "No tools were found." : "Found: " + names.joined(separator: ", ")
        return ToolResult(callID: CallIDForm.read(id ?? ""), content: [.text(text)])
    }
}

/// The turns of a conversation, as its items come.
private struct InputTurns {
    private(set) var messages: [Message] = []
    private enum Open { case assistant, results }
    private var open: Open?

    mutating func add(_ message: Message) {
        messages.append(message)
        open = nil
    }

    /// Adds a part of what the model said.
    mutating func say(_ part: Part) { join(part, .assistant, to: .assistant) }

    /// Adds a result of a call.
    mutating func answer(_ part: Part) { join(part, .user, to: .results) }

    private mutating func join(_ part: Part, _ role: Role, to turn: Open) {
        if open == turn {
            messages[messages.count - 1].content.append(part)
        } else {
            messages.append(Message(role, [part]))
            open = turn
        }
    }
}

extension APIProblem {
    /// A conversation whose only record another provider has encrypted.
    static func contextLost(_ path: String) -> APIProblem {
        APIProblem(
            .invalidRequest,
            "`\(path)` is a compaction: only the provider that made it can read what the conversation began with. Send "
                + "the whole conversation in its place, or begin a new one with a summary in words.",
            field: path, code: "context_lost")
    }
}
