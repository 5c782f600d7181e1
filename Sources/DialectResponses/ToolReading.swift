import Conversation
import DialectOpenAI
import Encodings
import NIOCore
import Wire

/// Tools, and the choice between them.
extension RequestReader {
    /// A search among tools that the caller makes, as a function.
    static let search = OfferedTools.Key(name: "tool_search")

    mutating func readTools(_ value: JSONView, at path: String) throws(APIProblem) {
        for (index, element) in try value.array(at: path).numbered() {
            try readTool(element, at: "\(path)[\(index)]", in: nil)
        }
    }

    /// Offers the tools that items of the input bring: those that a search has
    /// found, and those that a client adds on the way.
    mutating func readLoadedTools(of input: JSONView?) throws(APIProblem) {
        guard let input, input.kind == .array else { return }
        for (index, item) in input.elements.numbered() {
            guard let type = item["type"]?.word, type == "additional_tools" || type == "tool_search_output",
                let tools = item["tools"], !tools.isNull
            else { continue }
            try readTools(tools, at: "input[\(index)].tools")
        }
    }

    private struct Namespace {
        var name: String
        var description: String
    }

    private mutating func readTool(_ value: JSONView, at path: String, in namespace: Namespace?) throws(APIProblem) {
        let value = try value.object(at: path)
        guard let type = value["type"], !type.isNull else { throw .missing("\(path).type", "use `function`.") }
        switch try type.word(at: "\(path).type") {
        case "function": try readFunction(value, at: path, in: namespace)
        case "custom": try readCustomTool(value, at: path, in: namespace)
        case "namespace" where namespace == nil: try readNamespace(value, at: path)
        case "tool_search" where value["execution"]?.isString("client") == true:
            var tool = try readDescribed(value, at: path, beside: ["execution"])
            tool.parameters = tool.parameters ?? .emptyObject
            offered.add(tool, as: Self.search, isSearch: true)
        case let type where Self.isProvidersOwn(type, value):
            offered.leaveOut(type)
            leaveOver("\(path) (\(type))", isAdvisory: true)
        case let type: leaveOver("\(path) (\(type))", isAdvisory: false)
        }
    }

    /// Returns whether a tool runs at the provider: without it, the model answers
    /// by what it knows. A tool that the caller runs is needed.
    private static func isProvidersOwn(_ type: String, _ tool: JSONView) -> Bool {
        switch type {
        case "file_search", "code_interpreter", "image_generation", "mcp", "programmatic_tool_calling", "tool_search":
            true
        case _ where type.hasPrefix("web_search"): true
        case "shell": tool["environment"]?["type"]?.word?.hasPrefix("container") == true
        default: false
        }
    }

    private mutating func readNamespace(_ value: JSONView, at path: String) throws(APIProblem) {
        var namespace = Namespace(name: "", description: "")
        var tools: JSONView?
        for (name, value) in value.members where !value.isNull {
            let field = name.word ?? ""
            switch field {
            case "type": break
            case "name": namespace.name = try value.identifier(at: "\(path).name")
            case "description": namespace.description = try value.text(at: "\(path).description")
            case "tools": tools = value
            default: leaveOver("\(path).\(field)", value, isAdvisory: true)
            }
        }
        guard !namespace.name.isEmpty else { throw .missing("\(path).name", "name the namespace.") }
        guard let tools else { return }
        for (index, element) in try tools.array(at: "\(path).tools").numbered() {
            try readTool(element, at: "\(path).tools[\(index)]", in: namespace)
        }
    }

    private mutating func readFunction(
        _ value: JSONView, at path: String, in namespace: Namespace?
    ) throws(APIProblem) {
        if value["name"] == nil, value["function"]?.kind == .object {
            throw .invalid(
                path,
                "has its function inside `function`, as Chat Completions has it: here `name` and `parameters` "
                    + "stand beside `type`.")
        }
        var tool = try readDescribed(value, at: path, beside: ["name", "strict"])
        let name = try value["name"].flatMap { $0.isNull ? nil : $0 }?.identifier(at: "\(path).name") ?? ""
        guard !name.isEmpty else { throw .missing("\(path).name", "name the function.") }
        if let strict = value["strict"], !strict.isNull { tool.isStrict = try strict.flag(at: "\(path).strict") }
        add(tool, as: OfferedTools.Key(namespace: namespace?.name, name: name), in: namespace)
    }

    /// A tool that takes free text becomes a function with one string.
    private mutating func readCustomTool(
        _ value: JSONView, at path: String, in namespace: Namespace?
    ) throws(APIProblem) {
        var tool = try readDescribed(value, at: path, beside: ["name", "format"])
        let name = try value["name"].flatMap { $0.isNull ? nil : $0 }?.identifier(at: "\(path).name") ?? ""
        guard !name.isEmpty else { throw .missing("\(path).name", "name the tool.") }
        var words = "The text that the tool takes."
        if let format = value["format"], format["type"]?.isString("grammar") == true {
            let syntax = format["syntax"]?.word ?? "lark"
            words += " It must match this grammar (\(syntax)):\n\(format["definition"]?.string ?? "")"
        }
        tool.parameters = Self.textParameters(words)
        add(tool, as: OfferedTools.Key(namespace: namespace?.name, name: name, takesText: true), in: namespace)
    }

    private mutating func add(_ tool: Tool, as key: OfferedTools.Key, in namespace: Namespace?) {
        var tool = tool
        if let words = namespace?.description, !words.isEmpty {
            tool.description = tool.description.map { "\(words)\n\n\($0)" } ?? words
        }
        offered.add(tool, as: key)
    }

    /// Reads what all tools of the caller's have in common.
    /// - Parameter known: The members that the caller reads itself.
    private mutating func readDescribed(
        _ value: JSONView, at path: String, beside known: [String]
    ) throws(APIProblem) -> Tool {
        var tool = Tool(name: "")
        for (name, value) in value.members where !value.isNull {
            let field = name.word ?? ""
            switch field {
            case "type": break
            case "description": tool.description = try value.text(at: "\(path).description")
            case "parameters": tool.parameters = try value.object(at: "\(path).parameters").fragment
            // All tools are shown from the start.
            case "defer_loading" where value.bool == false, "async" where value.bool == false: break
            default:
                if !known.contains(field) { leaveOver("\(path).\(field)", value, isAdvisory: true) }
            }
        }
        return tool
    }

    private static func textParameters(_ words: String) -> JSONFragment {
        var json = JSONWriter()
        json.object { json in
            json.member("type", "object")
            json.object("properties") { json in
                json.object("input") { json in
                    json.member("type", "string")
                    json.member("description", words)
                }
            }
            json.array("required") { $0.value("input") }
            json.member("additionalProperties", false)
        }
        return json.fragment
    }

    // MARK: The choice

    mutating func readToolChoice(_ value: JSONView, into request: inout ChatRequest) throws(APIProblem) {
        if let word = value.word { return choose(try readMode(word, at: "tool_choice"), into: &request) }
        guard value.kind == .object else {
            throw .wrongType("tool_choice", wanted: "a string or an object", not: value.kind)
        }
        guard let type = value["type"] else { throw .missing("tool_choice.type", "use `function`.") }
        switch try type.word(at: "tool_choice.type") {
        case "function", "custom":
            guard let key = try readKey(value, at: "tool_choice") else {
                throw .missing("tool_choice.name", "name the tool that must be called.")
            }
            guard offered.offers(key) else {
                throw .invalid("tool_choice.name", "is `\(Printable.excerpt(key.name))`, which is not among `tools`.")
            }
            request.toolChoice = .tool(offered.name(of: key))
        case "allowed_tools": try readAllowed(value, into: &request)
        case "auto", "none", "required": choose(try readMode(type.word ?? "", at: "tool_choice.type"), into: &request)
        // A choice of a tool that was left out is left out, too.
        case let type: leaveOver("tool_choice (\(type))", isAdvisory: offered.hasLeftOut(type))
        }
    }

    private func readMode(_ word: String, at path: String) throws(APIProblem) -> ToolChoice {
        switch word {
        case "auto": return .auto
        case "none": return ToolChoice.none
        case "required": return .required
        default: throw .invalid(path, "must be `auto`, `none`, `required` or an object that names a tool.")
        }
    }

    private mutating func choose(_ choice: ToolChoice, into request: inout ChatRequest) {
        // Of no tools, nothing is chosen; a call can't be had without one.
        if request.tools.isEmpty {
            if choice == .required { leaveOver("tool_choice", isAdvisory: offered.hasLeftOutAny) }
        } else {
            request.toolChoice = choice
        }
    }

    private func readKey(_ value: JSONView, at path: String) throws(APIProblem) -> OfferedTools.Key? {
        guard let name = value["name"], !name.isNull else { return nil }
        var key = OfferedTools.Key(name: try name.identifier(at: "\(path).name"))
        if let namespace = value["namespace"], !namespace.isNull {
            key.namespace = try namespace.identifier(at: "\(path).namespace")
        }
        key.takesText = value["type"]?.isString("custom") == true
        return key
    }

    /// Of the tools, those that may be called: the others aren't offered.
    private mutating func readAllowed(_ value: JSONView, into request: inout ChatRequest) throws(APIProblem) {
        guard let tools = value["tools"] else {
            throw .missing("tool_choice.tools", "list the tools that may be called.")
        }
        var allowed: Set<OfferedTools.Key> = []
        for (index, element) in try tools.array(at: "tool_choice.tools").numbered() {
            let path = "tool_choice.tools[\(index)]"
            let key = try readKey(try element.object(at: path), at: path)
            if let key, offered.offers(key) {
                allowed.insert(key)
            } else if let type = element["type"]?.word, offered.hasLeftOut(type) {
                leaveOver("\(path) (\(type))", isAdvisory: true)
            } else {
                throw .invalid(path, "is not among `tools`.")
            }
        }
        let mode = try value["mode"].map { view throws(APIProblem) in
            try readMode(try view.word(at: "tool_choice.mode"), at: "tool_choice.mode")
        }
        request.tools = offered.only(allowed)
        choose(mode ?? .auto, into: &request)
    }
}
