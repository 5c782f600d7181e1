import Conversation
import DialectAnthropic
import Wire

/// Reads the body of `POST /model/{model}/converse` and `/converse-stream`, and
/// the part of it that `/count-tokens` takes.
///
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
struct ConverseRequestReader {
    private var request: ChatRequest
    private var leftovers = Leftovers()

    static func read(_ root: Field, at path: CalledPath) throws(APIProblem) -> ChatRequest {
        var reader = ConverseRequestReader(request: ChatRequest(model: path.model ?? "", messages: []))
        reader.request.stream = path.isStream ?? false
        // The API tells what every answer cost.
        reader.request.includeUsage = true
        try reader.read(root)
        return reader.request
    }

    private mutating func read(_ root: Field) throws(APIProblem) {
        var messages: Field?
        var system: Field?
        for (name, value) in try root.members() {
            switch name {
            case "messages": messages = root.member("messages", value)
            case "system": system = root.member("system", value)
            case "inferenceConfig": try readInference(root.member("inferenceConfig", value))
            case "toolConfig":
                let tools = try ConverseToolReader.read(root.member("toolConfig", value), &leftovers)
                (request.tools, request.toolChoice) = (tools.tools, tools.choice)
            case "outputConfig": try readOutput(root.member("outputConfig", value))
            case "additionalModelRequestFields":
                try ConverseModelFields.read(
                    root.member("additionalModelRequestFields", value), into: &request, &leftovers)
            // Members about records, speed and price, and what else the answer
            // should hold: it is still what was asked for.
            case "requestMetadata", "performanceConfig", "serviceTier", "additionalModelResponseFieldPaths",
                "projectIdentifier":
                leftovers.wish(name, value, in: root)
            default: leftovers.unknown(name, value, in: root)
            }
        }
        guard let messages else { throw root.missing("messages") }
        if let system { request.messages += try ConverseContentReader.system(system, &leftovers) }
        let turns = try ConverseContentReader.messages(messages, &leftovers)
        guard !turns.isEmpty else { throw messages.problem("Must hold at least one message.") }
        request.messages += turns
        request.leftovers = leftovers.all
    }

    private mutating func readInference(_ field: Field) throws(APIProblem) {
        for (name, value) in try field.members() {
            switch name {
            case "maxTokens": request.maxTokens = try field.member("maxTokens", value).int(in: 1...)
            case "temperature": request.temperature = try field.member("temperature", value).number(in: 0...1)
            case "topP": request.topP = try field.member("topP", value).number(in: 0...1)
            case "stopSequences":
                for sequence in try field.member("stopSequences", value).elements() {
                    request.stop.append(try sequence.nonEmptyText())
                }
            default: leftovers.unknown(name, value, in: field)
            }
        }
    }

    private mutating func readOutput(_ field: Field) throws(APIProblem) {
        for (name, value) in try field.members() {
            switch name {
            case "textFormat": try readFormat(field.member("textFormat", value))
            case "effort": request.effort = try field.member("effort", value).identifier()
            default: leftovers.wish(name, value, in: field)
            }
        }
    }

    private mutating func readFormat(_ field: Field) throws(APIProblem) {
        let (word, type) = try field.type()
        guard word == "json_schema" else { return leftovers.essential(type) }
        guard let value = field.view["structure"], !value.isNull else { throw field.missing("structure") }
        let (name, definition) = try field.member("structure", value).onlyMember(of: "jsonSchema")
        guard name == "jsonSchema" else { return leftovers.essential(definition) }
        var schema: JSONFragment?
        var title: String?
        var description: String?
        for (name, value) in try definition.members() {
            switch name {
            // JSON in a string.
            case "schema": schema = try Self.schema(definition.member("schema", value))
            case "name": title = try definition.member("name", value).identifier()
            case "description": description = try definition.member("description", value).text()
            default: leftovers.unknown(name, value, in: definition)
            }
        }
        guard let schema else { throw definition.missing("schema") }
        // Bedrock's structured outputs always hold to the schema.
        request.responseFormat = .jsonSchema(name: title, description: description, schema: schema, isStrict: true)
    }

    private static func schema(_ field: Field) throws(APIProblem) -> JSONFragment {
        let text = try field.text()
        guard let root = (try? JSONDocument(text))?.root, root.kind == .object else {
            throw field.problem("Must be a JSON Schema, an object, as JSON in a string.")
        }
        return root.fragment
    }
}
