import Conversation
import Wire

/// Tools, the choice between them, and calls in an assistant's message.
extension ChatRequestReader {
    mutating func readTools(_ value: JSONView) throws(APIProblem) -> [Tool] {
        var tools: [Tool] = []
        for (index, element) in try value.array(at: "tools").numbered() {
            let path = "tools[\(index)]"
            var type: String?
            var function: JSONView?
            var others: [String] = []
            for (name, value) in try element.object(at: path).members where !value.isNull {
                switch name.word ?? "" {
                case "type": type = try value.word(at: "\(path).type")
                case "function": function = value
                case let field: if !value.saysNothing { others.append(field) }
                }
            }
            if type == nil, function != nil { type = "function" }
            guard let type else { throw .missing("\(path).type", "use `function`.") }
            guard type == "function" else {
                // A provider's own tool, e.g. `custom`.
                leaveOver("\(path).type", isAdvisory: false)
                continue
            }
            // A tool of its own type has said what it needs.
            for field in others { leaveOver("\(path).\(field)", isAdvisory: true) }
            guard let function else { throw .missing("\(path).function", "describe the function.") }
            tools.append(try readFunction(function, at: "\(path).function"))
        }
        return tools
    }

    private mutating func readFunction(_ value: JSONView, at path: String) throws(APIProblem) -> Tool {
        var tool = Tool(name: "")
        for (name, value) in try value.object(at: path).members where !value.isNull {
            switch name.word ?? "" {
            case "name": tool.name = try value.identifier(at: "\(path).name")
            case "description": tool.description = try value.text(at: "\(path).description")
            case "parameters": tool.parameters = try value.object(at: "\(path).parameters").fragment
            case "strict": tool.isStrict = try value.flag(at: "\(path).strict")
            case let field: leaveOver("\(path).\(field)", value, isAdvisory: true)
            }
        }
        guard !tool.name.isEmpty else { throw .missing("\(path).name", "name the function.") }
        return tool
    }

    mutating func readToolChoice(_ value: JSONView) throws(APIProblem) -> ToolChoice? {
        if let word = value.word {
            switch word {
            case "auto": return .auto
            case "none": return ToolChoice.none
            // The second is Mistral's word.
            case "required", "any": return .required
            case "": return nil
            default: throw .invalid("tool_choice", "must be `auto`, `none`, `required` or an object naming a function.")
            }
        }
        guard value.kind == .object else {
            throw .wrongType("tool_choice", wanted: "a string or an object", not: value.kind)
        }
        if value.saysNothing { return nil }
        guard let type = value["type"] else { throw .missing("tool_choice.type", "use `function`.") }
        switch try type.word(at: "tool_choice.type") {
        case "function": break
        case "auto": return .auto
        case "none": return ToolChoice.none
        case "required", "any": return .required
        default:
            // `allowed_tools`, `custom`: no other dialect has them.
            leaveOver("tool_choice.type", isAdvisory: false)
            return nil
        }
        guard let name = value["function"]?["name"] else {
            throw .missing("tool_choice.function.name", "name the function that must be called.")
        }
        return .tool(try name.identifier(at: "tool_choice.function.name"))
    }

    mutating func readToolCalls(_ value: JSONView, of message: String) throws(APIProblem) -> [Part] {
        var calls: [Part] = []
        for (index, element) in try value.array(at: "\(message).tool_calls").numbered() {
            let path = "\(message).tool_calls[\(index)]"
            var id: String?
            var type: String?
            var function: JSONView?
            var others: [String] = []
            for (name, value) in try element.object(at: path).members where !value.isNull {
                switch name.word ?? "" {
                case "id": id = CallIDForm.read(try value.identifier(at: "\(path).id"))
                case "type": type = try value.word(at: "\(path).type")
                case "function": function = value
                // Left behind by clients that put a call together from a stream.
                case "index": break
                case let field: others.append(field)
                }
            }
            guard type.map({ $0.isEmpty || $0 == "function" }) ?? true else {
                leaveOver("\(path).type", isAdvisory: false)
                continue
            }
            // Of a call that has been made, e.g. the maker's own signature.
            for field in others { leaveOver("\(path).\(field)", isAdvisory: true) }
            guard let function else { throw .missing("\(path).function", "say which function was called.") }
            calls.append(.toolCall(try readCall(function, id: id ?? "", at: "\(path).function")))
        }
        return calls
    }

    private mutating func readCall(_ value: JSONView, id: String, at path: String) throws(APIProblem) -> ToolCall {
        var call = ToolCall(id: id, name: "", arguments: "")
        for (name, value) in try value.object(at: path).members where !value.isNull {
            switch name.word ?? "" {
            case "name": call.name = try value.identifier(at: "\(path).name")
            // The object itself from clients that forget to quote it.
            case "arguments": call.arguments = value.string ?? value.fragment.text
            // `parsed_arguments`: what OpenAI's own client made of them.
            case let field: leaveOver("\(path).\(field)", value, isAdvisory: true)
            }
        }
        guard !call.name.isEmpty else { throw .missing("\(path).name", "name the function that was called.") }
        return call
    }
}
