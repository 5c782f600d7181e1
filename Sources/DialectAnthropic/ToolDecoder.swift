import Conversation
import Wire

/// Reads `tools` and `tool_choice`.
///
/// https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview
enum ToolDecoder {
    /// - Returns: The tools, and the names of those that were left out.
    static func tools(
        _ field: Field, _ leftovers: inout Leftovers
    ) throws(APIProblem) -> (tools: [Tool], leftOut: [String]) {
        var tools: [Tool] = []
        var leftOut: [String] = []
        for element in try field.elements() {
            if let tool = try tool(element, &leftovers) {
                tools.append(tool)
            } else {
                leftOut.append(element.view["name"]?.word ?? "")
            }
        }
        return (tools, leftOut)
    }

    private static func tool(_ field: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> Tool? {
        // A tool with another type than `custom` runs at Anthropic, or is
        // known to its models alone.
        if let value = field.view["type"], !value.isNull, !value.isString("custom") {
            let type = field.member("type", value)
            // A search among tools only spares the model a long list, which it
            // gets whole instead.
            if try type.word().utf8.starts(with: "tool_search_tool".utf8) {
                leftovers.advisory(type)
            } else {
                leftovers.essential(type)
            }
            return nil
        }
        var tool = Tool(name: "")
        for (name, value) in try field.members() {
            switch name {
            case "type": break
            case "name": tool.name = try field.member("name", value).identifier()
            case "description": tool.description = try field.member("description", value).text()
            case "input_schema": tool.parameters = try field.member("input_schema", value).fragmentOfObject()
            case "strict": tool.isStrict = try field.member("strict", value).bool()
            // How finely the input is streamed, not what it is.
            case "eager_input_streaming": leftovers.advisory(field.member("eager_input_streaming", value))
            // When the model is shown the tool, and examples beside its schema.
            case "defer_loading" where value.kind == .false: break
            case "defer_loading", "input_examples": leftovers.wish(name, value, in: field)
            case "allowed_callers" where isDirectOnly(value): break
            default: leftovers.unknown(name, value, in: field)
            }
        }
        guard !tool.name.isEmpty else { throw field.missing("name") }
        guard tool.parameters != nil else { throw field.missing("input_schema") }
        return tool
    }

    private static func isDirectOnly(_ value: JSONView) -> Bool {
        value.kind == .array && value.elements.allSatisfy { $0.isString("direct") }
    }

    static func choice(
        _ field: Field, _ leftovers: inout Leftovers
    ) throws(APIProblem) -> (choice: ToolChoice, parallel: Bool?) {
        let (word, type) = try field.type()
        var tool: String?
        var parallel: Bool?
        for (name, value) in try field.members() {
            switch name {
            case "type": break
            case "name": tool = try field.member("name", value).identifier()
            case "disable_parallel_tool_use":
                if try field.member("disable_parallel_tool_use", value).bool() { parallel = false }
            default: leftovers.unknown(name, value, in: field)
            }
        }
        switch word {
        case "auto": return (.auto, parallel)
        case "any": return (.required, parallel)
        case "none": return (.none, parallel)
        case "tool":
            guard let tool else { throw field.missing("name") }
            return (.tool(tool), parallel)
        default: throw type.problem("Must be \"auto\", \"any\", \"tool\" or \"none\".")
        }
    }
}
