import Conversation
import NIOCore
import Wire

/// Writes shared terms as a Chat Completions request.
///
/// Writes on past what can't be said and remembers the first of it, so that
/// the writing itself reads as one piece.
///
/// https://platform.openai.com/docs/api-reference/chat/create
struct ChatRequestWriter {
    let form: RequestForm
    let model: String
    var dropped: [String] = []
    private(set) var refusal: CannotCarry?

    init(model: String, form: RequestForm) {
        self.model = model
        self.form = form
    }

    var traits: ServerTraits { form.traits }

    mutating func write(_ request: ChatRequest) -> ByteBuffer {
        // Most requests are longer than half of that.
        var json = JSONWriter(ByteBufferAllocator().buffer(capacity: 2048))
        json.object { json in
            json.member("model", model)
            let messages = DistinctCalls.makeDistinct(request.messages, for: traits.callIDs)
            write(placing(describing(request.responseFormat, in: messages)) + opening(of: request), to: &json)
            writeTools(of: request, to: &json)
            writeResponseFormat(request.responseFormat, to: &json)
            writeSampling(of: request, to: &json)
            writeLimits(of: request, to: &json)
            writeReasoning(of: request, to: &json)
            if let user = request.endUser {
                let isShort = user.utf16.count <= ServerTraits.longestUser
                if !form.isEngine, isShort, takes("user") { json.member("user", user) } else { dropped.append("user") }
            }
            if request.stream {
                json.member("stream", true)
                // Always: what an answer cost has to be known, whether or not
                // the caller asks.
                if traits.takesStreamOptions {
                    json.object("stream_options") { json in json.member("include_usage", true) }
                }
            }
        }
        return json.buffer
    }

    mutating func refuse(_ field: String, _ reason: String) {
        if refusal == nil { refusal = CannotCarry(field, reason) }
    }

    /// Returns whether the server takes a member that is only a wish; such a
    /// member is left out for servers that refuse it.
    func takes(_ member: String) -> Bool { !traits.leftOut.contains(member) }

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
            json.member("frequency_penalty", ifPresent: wish("frequency_penalty", request.frequencyPenalty))
            json.member("presence_penalty", ifPresent: wish("presence_penalty", request.presencePenalty))
        } else {
            // The defaults are taken by every model.
            if let value = request.temperature, value != 1 { dropped.append("temperature") }
            if let value = request.topP, value != 1 { dropped.append("top_p") }
            if let value = request.frequencyPenalty, value != 0 { dropped.append("frequency_penalty") }
            if let value = request.presencePenalty, value != 0 { dropped.append("presence_penalty") }
        }
        if let topK = request.topK {
            if !form.isEngine { refuse("top_k", "has no counterpart in OpenAI's API: leave it out.") }
            json.member("top_k", topK)
        }
        json.member("seed", ifPresent: wish("seed", request.seed.map(seed)))
        if !request.stop.isEmpty {
            if takes("stop") {
                json.array("stop") { json in for stop in request.stop { json.value(stop) } }
            } else {
                refuse("stop", "is refused by `\(model)`'s server: leave it out.")
            }
        }
    }

    private mutating func writeLimits(of request: ChatRequest, to json: inout JSONWriter) {
        var limit = request.maxTokens
        if let wanted = limit, let longest = traits.longestAnswer(model), wanted > longest {
            limit = longest
            dropped.append("max_tokens (taken as \(longest))")
        }
        switch traits.tokenLimit {
        case .maxTokens: json.member("max_tokens", ifPresent: limit)
        case .maxCompletionTokens: json.member("max_completion_tokens", ifPresent: limit)
        }
        if let choices = request.choices {
            if let most = form.engine?.maxChoices, choices > most {
                refuse("n", "is \(choices): `\(model)` gives at most \(most) at a time.")
            }
            json.member("n", choices)
        }
        if let alternatives = request.logprobs {
            if let most = form.engine?.maxTopLogprobs, alternatives > most {
                refuse("top_logprobs", "is \(alternatives): `\(model)` gives at most \(most).")
            }
            json.member("logprobs", true)
            let asked = form.engine?.askedTopLogprobs ?? alternatives
            if asked > 0 { json.member("top_logprobs", asked) }
        }
        if !request.logitBias.isEmpty, !takes("logit_bias") {
            dropped.append("logit_bias")
        } else if !request.logitBias.isEmpty {
            json.object("logit_bias") { json in
                for (token, bias) in request.logitBias.sorted(by: { $0.key < $1.key }) {
                    if form.isEngine, UInt32(token) == nil {
                        refuse("logit_bias.\(token)", "is no token id: name tokens by their number.")
                    }
                    json.key(dynamic: token)
                    json.value(bias)
                }
            }
        }
    }

    /// The engine's seeds have 32 bits, and the highest means "any": a seed
    /// beyond is folded, so that it still repeats.
    private func seed(_ seed: Int) -> Int {
        guard form.isEngine, !(0..<Int(UInt32.max)).contains(seed) else { return seed }
        return Int(UInt32(truncatingIfNeeded: seed) >> 1)
    }

    private mutating func writeReasoning(of request: ChatRequest, to json: inout JSONWriter) {
        // `none` would say "disabled", but most models refuse the word; a
        // budget and "as you like" have none.
        let isSaid = request.effort != nil && request.reasoning == .adaptive
        if request.reasoning != nil, !isSaid { dropped.append("thinking") }
        guard let wanted = request.effort else { return }
        guard !form.isEngine, takes("reasoning_effort"), request.reasoning != .disabled,
            let effort = ServerTraits.effort(wanted)
        else { return dropped.append("reasoning_effort") }
        if effort != wanted { dropped.append("reasoning_effort (taken as \(effort))") }
        json.member("reasoning_effort", effort)
    }

    /// Instructions where the server takes them: in the user's turn, where it
    /// takes none in the middle of a conversation.
    private mutating func placing(_ messages: [Message]) -> [Message] {
        guard !traits.takesLaterInstructions,
            let start = messages.firstIndex(where: { !$0.role.isInstructing }),
            messages[start...].contains(where: \.role.isInstructing)
        else { return messages }
        var placed = Array(messages[..<start])
        for (index, message) in messages.enumerated().dropFirst(start) {
            guard message.role.isInstructing else {
                placed.append(message)
                continue
            }
            dropped.append("messages[\(index)].position")
            let told = message.content.map { part in
                guard case .text(let text) = part else { return part }
                return .text("<system-reminder>\n\(text)\n</system-reminder>")
            }
            if let last = placed.last, last.role == .user, last.name == nil {
                placed[placed.count - 1].content += told
            } else {
                placed.append(Message(.user, told))
            }
        }
        return placed
    }

    /// A schema that the server has no member for, in words.
    private mutating func describing(_ format: ResponseFormat?, in messages: [Message]) -> [Message] {
        guard !traits.takesJSONSchema, case .jsonSchema(_, _, let schema, _) = format else { return messages }
        dropped.append("response_format.json_schema (as an instruction)")
        let words =
            "Answer with one JSON object and nothing else. It must match this JSON Schema: \(schema.text)"
        return [Message(.system, [.text(words)])] + messages
    }

    /// Returns the value to send as `strict`. A schema that is strict in
    /// another API's sense, but not in OpenAI's, gets none; then `path` is
    /// recorded as dropped. Engines get the caller's value.
    private mutating func strictness(_ isStrict: Bool?, of schema: JSONFragment?, at path: String) -> Bool? {
        guard isStrict == true, !form.isEngine else { return isStrict }
        if let schema, StrictSchema.fits(schema) { return true }
        dropped.append(path)
        return nil
    }

    private mutating func writeResponseFormat(_ format: ResponseFormat?, to json: inout JSONWriter) {
        guard let format else { return }
        json.object("response_format") { json in
            switch format {
            case .text: json.member("type", "text")
            case .jsonObject: json.member("type", "json_object")
            case .jsonSchema where !traits.takesJSONSchema: json.member("type", "json_object")
            case .jsonSchema(let name, let description, let schema, let isStrict):
                json.member("type", "json_schema")
                json.object("json_schema") { json in
                    // OpenAI demands a name, other dialects have none.
                    json.member("name", name ?? "answer")
                    json.member("description", ifPresent: description)
                    json.member("schema", schema)
                    let path = "response_format.json_schema.strict"
                    json.member("strict", ifPresent: strictness(isStrict, of: schema, at: path))
                }
            }
        }
    }

    // MARK: Tools

    private func opening(of request: ChatRequest) -> [Message] {
        guard let words = form.engine?.toolCallOpening, request.messages.last?.role != .assistant else { return [] }
        switch request.toolChoice {
        case .required, .tool: return [Message(.assistant, [.text(words)])]
        case .auto, ToolChoice.none?, nil: return []
        }
    }

    private mutating func writeTools(of request: ChatRequest, to json: inout JSONWriter) {
        var tools = request.tools
        var choice = request.toolChoice
        if case .tool(let name) = choice, form.isEngine {
            tools.removeAll { $0.name != name }
            choice = .required
        }
        if !tools.isEmpty {
            json.array("tools") { json in
                for (index, tool) in tools.enumerated() {
                    json.object { json in
                        json.member("type", "function")
                        json.object("function") { json in
                            json.member("name", tool.name)
                            json.member("description", ifPresent: tool.description)
                            let parameters = tool.parameters.map(StrictSchema.withProperties)
                            json.member("parameters", ifPresent: parameters)
                            let path = "tools[\(index)].function.strict"
                            json.member("strict", ifPresent: strictness(tool.isStrict, of: parameters, at: path))
                        }
                    }
                }
            }
            json.member("parallel_tool_calls", ifPresent: wish("parallel_tool_calls", request.parallelToolCalls))
        }
        switch choice {
        case nil: break
        // Without tools both say nothing, and OpenAI refuses them then.
        case .auto: if !tools.isEmpty { json.member("tool_choice", "auto") }
        case ToolChoice.none?: if !tools.isEmpty { json.member("tool_choice", "none") }
        case .required: json.member("tool_choice", "required")
        case .tool(let name):
            json.object("tool_choice") { json in
                json.member("type", "function")
                json.object("function") { json in json.member("name", name) }
            }
        }
    }
}

extension Role {
    fileprivate var isInstructing: Bool { self == .system || self == .developer }
}
