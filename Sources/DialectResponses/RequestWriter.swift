import Conversation
import DialectOpenAI
import NIOCore
import Wire

/// Writes shared terms as a request of this API.
///
/// Writes on past what can't be said and remembers the first of it, so that
/// the writing itself reads as one piece.
///
/// https://platform.openai.com/docs/api-reference/responses/create
struct RequestWriter {
    let model: String
    let traits: ServerTraits
    var dropped: [String] = []
    private(set) var refusal: CannotCarry?

    init(model: String, traits: ServerTraits) {
        self.model = model
        self.traits = traits
    }

    /// The least that OpenAI takes as `max_output_tokens`.
    static let leastTokens = 16

    mutating func write(_ request: ChatRequest) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("model", model)
            writeItems(of: DistinctCalls.makeDistinct(request.messages, for: traits.callIDs), to: &json)
            writeTools(of: request, to: &json)
            writeText(of: request, to: &json)
            writeSampling(of: request, to: &json)
            writeLimits(of: request, to: &json)
            writeReasoning(of: request, to: &json)
            if let user = request.endUser {
                let isShort = user.utf16.count <= ServerTraits.longestUser
                if isShort, takes("user") { json.member("user", user) } else { dropped.append("user") }
            }
            // Whoever keeps a conversation is the only one who can go on with it.
            json.member("store", false)
            if request.stream { json.member("stream", true) }
        }
        return json.buffer
    }

    mutating func refuse(_ field: String, _ reason: String) {
        if refusal == nil { refusal = CannotCarry(field, reason) }
    }

    /// Returns whether the server takes a member that is only a wish.
    private func takes(_ member: String) -> Bool { !traits.leftOut.contains(member) }

    /// - Returns: the value where the server takes it; nil where there is none,
    ///   or it was left out and named.
    private mutating func wish<Value>(_ member: String, _ value: Value?) -> Value? {
        guard let value else { return nil }
        if takes(member) { return value }
        dropped.append(member)
        return nil
    }

    // MARK: Fields

    private mutating func writeSampling(of request: ChatRequest, to json: inout JSONWriter) {
        if traits.takesSampling(model) {
            json.member("temperature", ifPresent: wish("temperature", request.temperature))
            json.member("top_p", ifPresent: wish("top_p", request.topP))
        } else {
            // The defaults are taken by every model.
            if let value = request.temperature, value != 1 { dropped.append("temperature") }
            if let value = request.topP, value != 1 { dropped.append("top_p") }
        }
        if let value = request.frequencyPenalty, value != 0 { dropped.append("frequency_penalty") }
        if let value = request.presencePenalty, value != 0 { dropped.append("presence_penalty") }
        if request.seed != nil { dropped.append("seed") }
        if !request.logitBias.isEmpty { dropped.append("logit_bias") }
        if request.topK != nil { refuse("top_k", "has no counterpart in OpenAI's API: leave it out.") }
        if !request.stop.isEmpty {
            refuse("stop", "has no counterpart in OpenAI's Responses API, which `\(model)` is asked by: leave it out.")
        }
    }

    private mutating func writeLimits(of request: ChatRequest, to json: inout JSONWriter) {
        var limit = request.maxTokens
        if let wanted = limit, let longest = traits.longestAnswer(model), wanted > longest {
            limit = longest
            dropped.append("max_tokens (taken as \(longest))")
        } else if let wanted = limit, wanted < Self.leastTokens {
            limit = Self.leastTokens
            dropped.append("max_tokens (taken as \(Self.leastTokens))")
        }
        json.member("max_output_tokens", ifPresent: limit)
        if let choices = request.choices, choices != 1 {
            refuse("n", "is \(choices): OpenAI's Responses API, which `\(model)` is asked by, gives one answer.")
        }
        if let alternatives = request.logprobs {
            json.member("top_logprobs", alternatives)
            json.array("include") { $0.value("message.output_text.logprobs") }
        }
    }

    private mutating func writeReasoning(of request: ChatRequest, to json: inout JSONWriter) {
        // A budget, and "as you like", have no word.
        let isSaid = request.effort != nil && request.reasoning == .adaptive
        if request.reasoning != nil, !isSaid { dropped.append("thinking") }
        guard let wanted = request.effort else { return }
        guard takes("reasoning_effort"), request.reasoning != .disabled, let effort = ServerTraits.effort(wanted)
        else { return dropped.append("reasoning_effort") }
        if effort != wanted { dropped.append("reasoning_effort (taken as \(effort))") }
        json.object("reasoning") { json in json.member("effort", effort) }
    }

    private mutating func writeText(of request: ChatRequest, to json: inout JSONWriter) {
        guard let format = request.responseFormat else { return }
        json.object("text") { json in
            json.object("format") { json in
                switch format {
                case .text: json.member("type", "text")
                case .jsonObject: json.member("type", "json_object")
                case .jsonSchema(let name, let description, let schema, let isStrict):
                    json.member("type", "json_schema")
                    // OpenAI demands a name, other dialects have none.
                    json.member("name", name ?? "answer")
                    json.member("description", ifPresent: description)
                    json.member("schema", schema)
                    json.member("strict", strictness(isStrict, of: schema, at: "response_format.json_schema.strict"))
                }
            }
        }
    }

    // MARK: Tools

    private mutating func writeTools(of request: ChatRequest, to json: inout JSONWriter) {
        if !request.tools.isEmpty {
            json.array("tools") { json in
                for (index, tool) in request.tools.enumerated() {
                    json.object { json in
                        json.member("type", "function")
                        json.member("name", tool.name)
                        json.member("description", ifPresent: tool.description)
                        let parameters = tool.parameters.map(StrictSchema.withProperties)
                        if let parameters { json.member("parameters", parameters) } else { json.null("parameters") }
                        let path = "tools[\(index)].function.strict"
                        json.member("strict", strictness(tool.isStrict, of: parameters, at: path))
                    }
                }
            }
            json.member("parallel_tool_calls", ifPresent: wish("parallel_tool_calls", request.parallelToolCalls))
        }
        switch request.toolChoice {
        case nil: break
        // Without tools both say nothing.
        case .auto: if !request.tools.isEmpty { json.member("tool_choice", "auto") }
        case ToolChoice.none?: if !request.tools.isEmpty { json.member("tool_choice", "none") }
        case .required: json.member("tool_choice", "required")
        case .tool(let name):
            json.object("tool_choice") { json in
                json.member("type", "function")
                json.member("name", name)
            }
        }
    }

    /// Returns the value to send as `strict`, which this API takes for true
    /// where it isn't said. A schema that is strict in another API's sense, but
    /// not in OpenAI's, is not called so; then `path` is recorded as dropped.
    private mutating func strictness(_ isStrict: Bool?, of schema: JSONFragment?, at path: String) -> Bool {
        guard isStrict == true else { return false }
        if let schema, StrictSchema.fits(schema) { return true }
        dropped.append(path)
        return false
    }
}
