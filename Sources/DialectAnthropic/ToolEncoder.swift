import Conversation
import NIOCore
import Wire

/// Writes `tools` and `tool_choice`.
struct ToolEncoder {
    private var tools: [(tool: Tool, schema: JSONFragment)] = []
    private var choice: ToolChoice?
    private var isSerial = false

    init(_ request: ChatRequest) throws(CannotCarry) {
        for (index, tool) in request.tools.enumerated() {
            guard !tool.name.isEmpty else { throw CannotCarry("tools[\(index)].function.name", "is empty") }
            tools.append((tool, try Self.schema(tool, index)))
        }
        // Anthropic refuses a choice without tools.
        guard !tools.isEmpty else { return }
        isSerial = request.parallelToolCalls == false
        // One call at a time can only be said inside a choice.
        choice = request.toolChoice ?? (isSerial ? .auto : nil)
    }

    /// Anthropic wants a schema with `"type": "object"`; OpenAI takes none,
    /// and `{}`, for a tool without parameters.
    private static func schema(_ tool: Tool, _ index: Int) throws(CannotCarry) -> JSONFragment {
        let path = "tools[\(index)].function.parameters"
        guard let parameters = tool.parameters else { return Self.anyObject }
        guard let root = (try? parameters.document())?.root, root.kind == .object else {
            throw CannotCarry(path, "is not a JSON Schema object")
        }
        if root["type"] != nil { return parameters }
        var json = JSONWriter()
        json.object { json in
            json.member("type", "object")
            for (name, value) in root.members {
                json.key(dynamic: name.string ?? "")
                json.value(value.fragment)
            }
        }
        return (try? JSONDocument(json.buffer).root.fragment) ?? Self.anyObject
    }

    private static let anyObject: JSONFragment = {
        var json = JSONWriter()
        json.object { $0.member("type", "object") }
        return (try? JSONDocument(json.buffer).root.fragment) ?? .emptyObject
    }()

    func write(to json: inout JSONWriter) {
        guard !tools.isEmpty else { return }
        json.array("tools") { json in
            for (tool, schema) in tools {
                json.object { json in
                    json.member("name", tool.name)
                    json.member("description", ifPresent: tool.description)
                    json.member("input_schema", schema)
                    json.member("strict", ifPresent: tool.isStrict)
                }
            }
        }
        guard let choice else { return }
        json.object("tool_choice") { json in
            switch choice {
            case .auto: json.member("type", "auto")
            case .none: json.member("type", "none")
            case .required: json.member("type", "any")
            case .tool(let name):
                json.member("type", "tool")
                json.member("name", name)
            }
            if isSerial, choice != .none { json.member("disable_parallel_tool_use", true) }
        }
    }
}
