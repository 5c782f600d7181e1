import Conversation
import Wire

/// Reads a request of `POST /v1/messages`.
///
/// https://docs.anthropic.com/en/api/messages
struct RequestDecoder {
    /// The purpose of the request: only an answer needs `max_tokens`.
    enum Purpose { case answer, count }

    private var request = ChatRequest(model: "", messages: [])
    private var leftovers = Leftovers()

    /// - Parameter path: The part that the path says: hosts of Anthropic's models
    ///   have the model there, and `anthropic_version` in the body.
    static func decode(
        _ document: JSONDocument, for purpose: Purpose, at path: CalledPath
    ) throws(APIProblem) -> ChatRequest {
        var decoder = RequestDecoder()
        decoder.request.model = path.model ?? ""
        try decoder.decode(Field(root: document.root), for: purpose, isHosted: path.model != nil)
        if let isStream = path.isStream { decoder.request.stream = isStream }
        return decoder.request
    }

    private mutating func decode(_ root: Field, for purpose: Purpose, isHosted: Bool) throws(APIProblem) {
        var hasModel = isHosted
        var messages: Field?
        var system: Field?
        var choice: Field?
        var leftOut: [String] = []
        for (name, value) in try root.members() {
            switch name {
            case "model" where isHosted: leftovers.advisory(root.member("model", value))
            case "anthropic_version" where isHosted: break
            case "anthropic_beta" where isHosted: leftovers.advisory(root.member("anthropic_beta", value))
            case "model":
                request.model = try root.member("model", value).identifier()
                hasModel = true
            case "messages": messages = root.member("messages", value)
            case "system": system = root.member("system", value)
            case "max_tokens":
                let field = root.member("max_tokens", value)
                let limit = try field.int(in: 0...)
                request.maxTokens = limit
                // 0 only fills Anthropic's prompt cache: no other API has that.
                if limit == 0 { leftovers.essential(field) }
            case "tools":
                (request.tools, leftOut) = try ToolDecoder.tools(root.member("tools", value), &leftovers)
            case "tool_choice":
                let field = root.member("tool_choice", value)
                choice = field
                let decoded = try ToolDecoder.choice(field, &leftovers)
                request.toolChoice = decoded.choice
                request.parallelToolCalls = decoded.parallel
            case "temperature": request.temperature = try root.member("temperature", value).number(in: 0...1)
            case "top_p": request.topP = try root.member("top_p", value).number(in: 0...1)
            case "top_k": request.topK = try root.member("top_k", value).int(in: 0...)
            case "stop_sequences":
                for sequence in try root.member("stop_sequences", value).elements() {
                    request.stop.append(try sequence.text())
                }
            case "stream": request.stream = try root.member("stream", value).bool()
            case "metadata": try decodeMetadata(root.member("metadata", value))
            case "thinking": try decodeThinking(root.member("thinking", value))
            case "output_config": try decodeOutputConfig(root.member("output_config", value))
            case "output_format": try decodeFormat(root.member("output_format", value))
            case "thread": try decodeThread(root.member("thread", value))
            default:
                if Self.advisory.contains(name) {
                    leftovers.advisory(root.member(dynamic: name, value))
                } else {
                    leftovers.unknown(name, value, in: root)
                }
            }
        }
        if let choice, isLost(request.toolChoice, of: leftOut) {
            request.toolChoice = nil
            leftovers.advisory(choice)
        }
        guard hasModel else { throw root.missing("model") }
        guard let messages else { throw root.missing("messages") }
        guard request.maxTokens != nil || purpose == .count else {
            throw APIProblem(
                .invalidRequest, "Field required: the most tokens that may be generated, e.g. 1024.",
                field: "max_tokens")
        }
        if let system { request.messages += try ContentDecoder.system(system, &leftovers) }
        let turns = try ContentDecoder.messages(messages, &leftovers)
        guard !turns.isEmpty else { throw messages.problem("Must hold at least one message.") }
        request.messages += turns
        request.leftovers = leftovers.all
    }

    /// Returns whether a choice is one of tools that were left out: it is left out,
    /// too.
    private func isLost(_ choice: ToolChoice?, of leftOut: [String]) -> Bool {
        switch choice {
        case .required: request.tools.isEmpty && !leftOut.isEmpty
        case .tool(let name): leftOut.contains(name) && !request.tools.contains { $0.name == name }
        case .auto, ToolChoice.none?, nil: false
        }
    }

    /// Members about speed, price, records, and what to leave out of
    /// a long history: the answer is still what was asked for.
    private static let advisory: Set<String> = [
        "service_tier", "speed", "diagnostics", "context_management", "betas", "user_profile_id",
    ]

    /// A conversation that Anthropic keeps. What begins one says all that has
    /// been said, and can be answered by anybody, who keeps nothing of it.
    /// What goes on with one says only what is new.
    private mutating func decodeThread(_ field: Field) throws(APIProblem) {
        guard field.view["type"]?.isString("continue") != true else { throw .threadNotFound }
        leftovers.advisory(field)
    }

    private mutating func decodeMetadata(_ field: Field) throws(APIProblem) {
        for (name, value) in try field.members() {
            if name == "user_id" {
                request.endUser = try field.member("user_id", value).text()
            } else {
                leftovers.advisory(field.member(dynamic: name, value))
            }
        }
    }

    // MARK: Thinking

    private mutating func decodeThinking(_ field: Field) throws(APIProblem) {
        let (word, type) = try field.type()
        var budget: Int?
        for (name, value) in try field.members() {
            switch name {
            case "type": break
            case "budget_tokens": budget = try field.member("budget_tokens", value).int(in: 1...)
            // How much of the thinking is shown, not what is answered.
            case "display": leftovers.advisory(field.member("display", value))
            default: leftovers.wish(name, value, in: field)
            }
        }
        switch word {
        case "enabled":
            guard let budget else { throw field.missing("budget_tokens") }
            request.reasoning = .budget(budget)
        case "adaptive": request.reasoning = .adaptive
        case "disabled": request.reasoning = .disabled
        case "between_tools":
            // Thinking is off; only notes between tool calls come as blocks.
            request.reasoning = .disabled
            leftovers.advisory(type)
        // Another way to think is a wish, as all of them are.
        default: leftovers.advisory(type)
        }
    }

    // MARK: Output

    private mutating func decodeOutputConfig(_ field: Field) throws(APIProblem) {
        for (name, value) in try field.members() {
            switch name {
            case "effort": request.effort = try field.member("effort", value).identifier()
            case "format": try decodeFormat(field.member("format", value))
            // How the output is shaped otherwise, e.g. a budget for a task.
            default: leftovers.wish(name, value, in: field)
            }
        }
    }

    private mutating func decodeFormat(_ field: Field) throws(APIProblem) {
        let (word, type) = try field.type()
        guard word == "json_schema" else { return leftovers.essential(type) }
        var schema: JSONFragment?
        for (name, value) in try field.members() {
            switch name {
            case "type": break
            case "schema": schema = try field.member("schema", value).fragmentOfObject()
            default: leftovers.unknown(name, value, in: field)
            }
        }
        guard let schema else { throw field.missing("schema") }
        // Anthropic's structured outputs always hold to the schema.
        request.responseFormat = .jsonSchema(name: nil, description: nil, schema: schema, isStrict: true)
    }
}
