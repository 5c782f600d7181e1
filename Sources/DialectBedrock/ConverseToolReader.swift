import Conversation
import DialectAnthropic
import Wire

/// Reads `toolConfig`.
enum ConverseToolReader {
    static func read(
        _ field: Field, _ leftovers: inout Leftovers
    ) throws(APIProblem) -> (tools: [Tool], choice: ToolChoice?) {
        var tools: [Tool] = []
        var choice: ToolChoice?
        for (name, value) in try field.members() {
            switch name {
            case "tools":
                for element in try field.member("tools", value).elements() {
                    if let tool = try tool(element, &leftovers) { tools.append(tool) }
                }
            case "toolChoice": choice = try self.choice(field.member("toolChoice", value))
            default: leftovers.unknown(name, value, in: field)
            }
        }
        return (tools, choice)
    }

    private static func tool(_ element: Field, _ leftovers: inout Leftovers) throws(APIProblem) -> Tool? {
        let (kind, field) = try element.onlyMember(of: "toolSpec, systemTool or cachePoint")
        switch kind {
        case "toolSpec": break
        case "cachePoint":
            leftovers.cachePoint()
            return nil
        default:
            // `systemTool` runs at Amazon.
            leftovers.essential(field)
            return nil
        }
        var tool = Tool(name: "")
        for (name, value) in try field.members() {
            switch name {
            case "name": tool.name = try field.member("name", value).identifier()
            case "description": tool.description = try field.member("description", value).text()
            case "inputSchema":
                let (form, schema) = try field.member("inputSchema", value).onlyMember(of: "json")
                guard form == "json" else { throw schema.problem("Must be \"json\".") }
                tool.parameters = try schema.fragmentOfObject()
            case "strict": tool.isStrict = try field.member("strict", value).bool()
            default: leftovers.unknown(name, value, in: field)
            }
        }
        guard !tool.name.isEmpty else { throw field.missing("name") }
        guard tool.parameters != nil else { throw field.missing("inputSchema") }
        return tool
    }

    private static func choice(_ field: Field) throws(APIProblem) -> ToolChoice {
        let (kind, choice) = try field.onlyMember(of: "auto, any or tool")
        switch kind {
        case "auto": return .auto
        case "any": return .required
        case "tool":
            guard let value = choice.view["name"], !value.isNull else { throw choice.missing("name") }
            return .tool(try choice.member("name", value).identifier())
        default: throw choice.problem("Must be \"auto\", \"any\" or \"tool\".")
        }
    }
}
