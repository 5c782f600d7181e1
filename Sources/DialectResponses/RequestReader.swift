import Conversation
import DialectOpenAI
import Wire

/// Reads a request of this API into shared terms.
///
/// Checks types and plain sanity only, as the reader of Chat Completions does:
/// ranges are the provider's to judge.
///
/// https://platform.openai.com/docs/api-reference/responses/create
struct RequestReader {
    var leftovers: [Leftover] = []
    /// Tools come first: the input's calls go by the names that they get.
    var offered = OfferedTools()

    mutating func read(_ document: JSONDocument) throws(APIProblem) -> ChatRequest {
        let root = document.root
        guard root.kind == .object else {
            throw APIProblem(.invalidRequest, "The body must be a JSON object with `model` and `input`.")
        }
        var request = ChatRequest(model: "", messages: [])
        var model: String?
        var instructions: Message?
        var user = EndUser()
        var alternatives: Int?
        var choice: JSONView?
        if let tools = root["tools"], !tools.isNull { try readTools(tools, at: "tools") }
        try readLoadedTools(of: root["input"])

        for (name, value) in root.members where !value.isNull {
            let field = name.word ?? ""
            switch field {
            case "model": model = try value.identifier(at: field)
            case "input", "tools", "background", "previous_response_id", "conversation": break
            case "instructions": instructions = try readInstructions(value)
            case "tool_choice": choice = value
            case "parallel_tool_calls": request.parallelToolCalls = try value.flag(at: field)
            case "text": request.responseFormat = try readText(value)
            case "reasoning": try readReasoning(value, into: &request)
            case "max_output_tokens": request.maxTokens = try value.whole(at: field, from: 0)
            case "temperature": request.temperature = try value.finite(at: field)
            case "top_p": request.topP = try value.finite(at: field)
            case "presence_penalty": request.presencePenalty = try value.finite(at: field)
            case "frequency_penalty": request.frequencyPenalty = try value.finite(at: field)
            case "top_logprobs": alternatives = try value.whole(at: field, from: 0)
            case "include": if try readIncluded(value) { request.logprobs = 0 }
            case "user": user.user = try value.text(at: field)
            case "safety_identifier": user.safetyIdentifier = try value.text(at: field)
            case "stream": request.stream = try value.flag(at: field)
            case "store": _ = try value.flag(at: field)
            case "truncation": if try value.word(at: field) != "disabled" { leaveOver(field, isAdvisory: true) }
            case "service_tier": if try value.word(at: field) != "auto" { leaveOver(field, isAdvisory: true) }
            default: leaveOver(field, value, isAdvisory: CallerMember.isWish(field))
            }
        }
        if root["store"]?.bool != false { leaveOver("store", isAdvisory: true) }

        guard let model, !model.isEmpty else {
            throw .missing("model", "name the route or model that shall answer.")
        }
        request.model = model
        request.messages = [instructions].compactMap { $0 } + (try readInput(root["input"]))
        // What is needed and can't be carried is told by its own name.
        let isRefused = leftovers.contains { !$0.isAdvisory }
        guard isRefused || request.messages.contains(where: { !$0.content.allSatisfy(\.isThinking) }) else {
            let isEmpty = request.messages.isEmpty && leftovers.allSatisfy { !$0.field.hasPrefix("input[") }
            throw .invalid(
                "input",
                isEmpty
                    ? "is empty: give a text or at least one item that says something."
                    : "is empty without what only another provider can read (reasoning, the work of a provider's own "
                        + "tools): give a text or a message, too.")
        }
        request.tools = offered.tools
        if let choice { try readToolChoice(choice, into: &request) }
        request.endUser = user.agreed
        if user.differ { leaveOver("user", isAdvisory: true) }
        if let alternatives, alternatives > 0 { request.logprobs = alternatives }
        // The last event says what the answer has cost.
        request.includeUsage = true
        request.echoed = EchoedRequest.members(saidBy: root)
        request.leftovers = leftovers
        return request
    }

    mutating func leaveOver(_ field: String, isAdvisory: Bool) {
        leftovers.append(Leftover(field, isAdvisory: isAdvisory))
    }

    /// Leaves over a member that says something.
    mutating func leaveOver(_ field: @autoclosure () -> String, _ value: JSONView, isAdvisory: Bool) {
        guard !value.saysNothing else { return }
        leaveOver(field(), isAdvisory: isAdvisory)
    }

    // MARK: Fields

    private func readInstructions(_ value: JSONView) throws(APIProblem) -> Message? {
        let text = try value.text(at: "instructions")
        return text.isEmpty ? nil : Message(.system, [.text(text)])
    }

    /// - Returns: The format of the answer.
    private mutating func readText(_ value: JSONView) throws(APIProblem) -> ResponseFormat? {
        var format: ResponseFormat?
        for (name, value) in try value.object(at: "text").members where !value.isNull {
            switch name.word ?? "" {
            case "format": format = try readFormat(value)
            // The length of the answer, and whatever comes beside it.
            case let field: leaveOver("text.\(field)", value, isAdvisory: true)
            }
        }
        return format
    }

    private mutating func readFormat(_ value: JSONView) throws(APIProblem) -> ResponseFormat? {
        let path = "text.format"
        guard let type = try value.object(at: path)["type"] else {
            throw .missing("\(path).type", "use `text`, `json_object` or `json_schema`.")
        }
        switch try type.word(at: "\(path).type") {
        case "text": return .text
        case "json_object": return .jsonObject
        case "json_schema": break
        default:
            leaveOver("\(path).type", isAdvisory: false)
            return nil
        }
        var name: String?
        var description: String?
        var schema: JSONFragment?
        var isStrict: Bool?
        for (key, value) in value.members where !value.isNull {
            switch key.word ?? "" {
            case "type": break
            case "name": name = try value.identifier(at: "\(path).name")
            case "description": description = try value.text(at: "\(path).description")
            case "schema": schema = try value.object(at: "\(path).schema").fragment
            case "strict": isStrict = try value.flag(at: "\(path).strict")
            case let field: leaveOver("\(path).\(field)", value, isAdvisory: false)
            }
        }
        guard let schema else { throw .missing("\(path).schema", "give the JSON Schema of the answer.") }
        return .jsonSchema(name: name, description: description, schema: schema, isStrict: isStrict)
    }

    private mutating func readReasoning(_ value: JSONView, into request: inout ChatRequest) throws(APIProblem) {
        var wantsSummary = false
        for (name, value) in try value.object(at: "reasoning").members where !value.isNull {
            switch name.word ?? "" {
            case "effort":
                let effort = try value.word(at: "reasoning.effort")
                if effort == "none" {
                    request.reasoning = .disabled
                } else if !effort.isEmpty {
                    request.effort = effort
                }
            // A provider that tells its reasoning tells it as it can; in which
            // words is its own choice.
            case "summary", "generate_summary": wantsSummary = try value.word(at: "reasoning.summary") != "none"
            case let field: leaveOver("reasoning.\(field)", value, isAdvisory: true)
            }
        }
        if wantsSummary, request.reasoning == nil { request.reasoning = .adaptive }
    }

    /// - Returns: True when log-probabilities are wanted.
    private mutating func readIncluded(_ value: JSONView) throws(APIProblem) -> Bool {
        var wantsLogprobs = false
        for (index, element) in try value.array(at: "include").numbered() {
            switch try element.word(at: "include[\(index)]") {
            case "message.output_text.logprobs": wantsLogprobs = true
            // Nothing is kept, so that reasoning which comes back always comes
            // back whole.
            case "reasoning.encrypted_content": break
            case let part: leaveOver("include[\(index)] (\(part))", isAdvisory: true)
            }
        }
        return wantsLogprobs
    }
}

/// The two names of one member: `safety_identifier` has taken the place of
/// `user`.
private struct EndUser {
    var user: String?
    var safetyIdentifier: String?

    var agreed: String? { safetyIdentifier ?? user }
    var differ: Bool { user != nil && safetyIdentifier != nil && user != safetyIdentifier }
}

/// A top-level member that the shared terms have no place for.
///
/// docs/dialect-responses.md shows the same table.
enum CallerMember {
    /// Returns whether the answer is still what was asked for if the member is
    /// left out.
    static func isWish(_ name: String) -> Bool { wishes.contains(name) }

    /// Hints for caches and speed, tags for a dashboard, limits of tools that the
    /// provider runs, wishes for what is kept.
    static let wishes: Set<String> = [
        "metadata", "client_metadata", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options",
        "stream_options", "max_tool_calls", "context_management", "background_options", "access_programs", "image",
    ]
}
