import Conversation
import DialectAnthropic
import Wire

/// `toolConfig`.
///
/// Bedrock wants it wherever the conversation holds a call, and it has no word
/// for "no call now". Where a caller has no tools, or wants none called, the
/// tools of the history stand there, and an instruction says so.
struct ConverseTools {
    /// An instruction that says what `toolConfig` can't; nil where there is
    /// nothing to say.
    private(set) var instruction: String?
    private var tools: [Tool] = []
    private var choice: ToolChoice?

    init(_ request: ChatRequest, dropped: inout [String]) throws(CannotCarry) {
        for (index, tool) in request.tools.enumerated() {
            guard !tool.name.isEmpty else { throw CannotCarry("tools[\(index)].function.name", "is empty") }
            guard Self.isObject(tool.parameters) else {
                throw CannotCarry("tools[\(index)].function.parameters", "is not a JSON Schema object")
            }
        }
        let called = Self.called(in: request.messages)
        if request.tools.isEmpty || request.toolChoice == ToolChoice.none {
            // Without calls in the history, leaving the tools out says it all.
            guard !called.isEmpty else {
                if !request.tools.isEmpty { dropped.append("tools (left out for tool_choice none)") }
                return
            }
            tools = request.tools.isEmpty ? called.map { Tool(name: $0) } : request.tools
            instruction = Self.noCalls
            dropped.append(
                request.tools.isEmpty
                    ? "tools (those of the history, with an instruction)"
                    : "tool_choice (as an instruction)")
            return
        }
        tools = request.tools
        choice = request.toolChoice
        if request.parallelToolCalls == false { dropped.append("parallel_tool_calls") }
    }

    private static let noCalls = "Answer in words. No tool can be called now."

    private static func isObject(_ schema: JSONFragment?) -> Bool {
        guard let schema else { return true }
        return (try? schema.document())?.root.kind == .object
    }

    /// The tools that the conversation has called, each once, in its order.
    private static func called(in messages: [Message]) -> [String] {
        var names: [String] = []
        var known: Set<String> = []
        for message in messages {
            for case .toolCall(let call) in message.content where known.insert(call.name).inserted {
                names.append(call.name)
            }
        }
        return names
    }

    func write(to json: inout JSONWriter) {
        guard !tools.isEmpty else { return }
        json.object("toolConfig") { json in
            json.array("tools") { json in
                for tool in tools { json.object { json in json.object("toolSpec") { Self.write(tool, to: &$0) } } }
            }
            guard let choice else { return }
            switch choice {
            case .auto, .none: json.object("toolChoice") { json in json.object("auto") { _ in } }
            case .required: json.object("toolChoice") { json in json.object("any") { _ in } }
            case .tool(let name):
                json.object("toolChoice") { json in json.object("tool") { $0.member("name", name) } }
            }
        }
    }

    private static func write(_ tool: Tool, to json: inout JSONWriter) {
        json.member("name", tool.name)
        // An empty one is refused.
        if let description = tool.description, !description.isEmpty { json.member("description", description) }
        json.object("inputSchema") { json in
            json.key("json")
            write(schema: tool.parameters, to: &json)
        }
        json.member("strict", ifPresent: tool.isStrict)
    }

    /// The models want a schema with `"type": "object"`; OpenAI takes none,
    /// and `{}`, for a tool without parameters.
    private static func write(schema: JSONFragment?, to json: inout JSONWriter) {
        let root = (try? schema?.document())?.root
        if let schema, let root, root["type"] != nil { return json.value(schema) }
        json.object { json in
            json.member("type", "object")
            guard let root else { return json.object("properties") { _ in } }
            for (name, value) in root.members {
                json.key(dynamic: name.string ?? "")
                json.value(value.fragment)
            }
        }
    }
}
