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
    let traits: ServerTraits
    let model: String
    var dropped: [String] = []
    private(set) var refusal: CannotCarry?

    init(model: String, traits: ServerTraits) {
        self.model = model
        self.traits = traits
    }

    mutating func write(_ request: ChatRequest) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("model", model)
            write(request.messages + opening(of: request), to: &json)
            writeTools(of: request, to: &json)
            writeResponseFormat(request.responseFormat, to: &json)
            writeSampling(of: request, to: &json)
            writeReasoning(request.reasoning, to: &json)
            if let user = request.endUser {
                if traits.takesHints { json.member("user", user) } else { dropped.append("user") }
            }
            if request.stream {
                json.member("stream", true)
                // Always: what an answer cost has to be known, whether or not
                // the caller asks.
                json.object("stream_options") { json in json.member("include_usage", true) }
            }
        }
        return json.buffer
    }

    mutating func refuse(_ field: String, _ reason: String) {
        if refusal == nil { refusal = CannotCarry(field, reason) }
    }

    // MARK: Fields

    private mutating func writeSampling(of request: ChatRequest, to json: inout JSONWriter) {
        switch traits.tokenLimitField {
        case .maxTokens: json.member("max_tokens", ifPresent: request.maxTokens)
        case .maxCompletionTokens: json.member("max_completion_tokens", ifPresent: request.maxTokens)
        }
        json.member("temperature", ifPresent: request.temperature)
        json.member("top_p", ifPresent: request.topP)
        if let topK = request.topK {
            if !traits.takesTopK { refuse("top_k", "has no counterpart in OpenAI's API: leave it out.") }
            json.member("top_k", topK)
        }
        json.member("frequency_penalty", ifPresent: request.frequencyPenalty)
        json.member("presence_penalty", ifPresent: request.presencePenalty)
        json.member("seed", ifPresent: request.seed.map(seed))
        if !request.stop.isEmpty {
            json.array("stop") { json in for stop in request.stop { json.value(stop) } }
        }
        if let choices = request.choices {
            if let most = traits.maxChoices, choices > most {
                refuse("n", "is \(choices): `\(model)` gives at most \(most) at a time.")
            }
            json.member("n", choices)
        }
        if let alternatives = request.logprobs {
            if let most = traits.maxTopLogprobs, alternatives > most {
                refuse("top_logprobs", "is \(alternatives): `\(model)` gives at most \(most).")
            }
            json.member("logprobs", true)
            let asked = traits.askedTopLogprobs ?? alternatives
            if asked > 0 { json.member("top_logprobs", asked) }
        }
        if !request.logitBias.isEmpty {
            json.object("logit_bias") { json in
                for (token, bias) in request.logitBias.sorted(by: { $0.key < $1.key }) {
                    if traits.takesNumbersOnly, UInt32(token) == nil {
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
        guard traits.takesNumbersOnly, !(0..<Int(UInt32.max)).contains(seed) else { return seed }
        return Int(UInt32(truncatingIfNeeded: seed) >> 1)
    }

    private mutating func writeReasoning(_ reasoning: Reasoning?, to json: inout JSONWriter) {
        switch reasoning {
        case nil: break
        case .effort(let effort):
            if traits.takesHints {
                json.member("reasoning_effort", effort)
            } else {
                dropped.append("reasoning_effort")
            }
        // `none` would say "disabled", but most models refuse the word; a
        // budget and "as you like" have none.
        case .disabled, .adaptive, .budget: dropped.append("thinking")
        }
    }

    private func writeResponseFormat(_ format: ResponseFormat?, to json: inout JSONWriter) {
        guard let format else { return }
        json.object("response_format") { json in
            switch format {
            case .text: json.member("type", "text")
            case .jsonObject: json.member("type", "json_object")
            case .jsonSchema(let name, let description, let schema, let isStrict):
                json.member("type", "json_schema")
                json.object("json_schema") { json in
                    // OpenAI demands a name, other dialects have none.
                    json.member("name", name ?? "answer")
                    json.member("description", ifPresent: description)
                    json.member("schema", schema)
                    json.member("strict", ifPresent: isStrict)
                }
            }
        }
    }

    // MARK: Tools

    private func opening(of request: ChatRequest) -> [Message] {
        guard let words = traits.toolCallOpening, request.messages.last?.role != .assistant else { return [] }
        switch request.toolChoice {
        case .required, .tool: return [Message(.assistant, [.text(words)])]
        case .auto, ToolChoice.none?, nil: return []
        }
    }

    private mutating func writeTools(of request: ChatRequest, to json: inout JSONWriter) {
        var tools = request.tools
        var choice = request.toolChoice
        if case .tool(let name) = choice, !traits.takesNamedTool {
            tools.removeAll { $0.name != name }
            if tools.isEmpty { refuse("tool_choice", "names `\(name)`, which is not among `tools`.") }
            choice = .required
        }
        if !tools.isEmpty {
            json.array("tools") { json in
                for tool in tools {
                    json.object { json in
                        json.member("type", "function")
                        json.object("function") { json in
                            json.member("name", tool.name)
                            json.member("description", ifPresent: tool.description)
                            json.member("parameters", ifPresent: tool.parameters)
                            json.member("strict", ifPresent: tool.isStrict)
                        }
                    }
                }
            }
            json.member("parallel_tool_calls", ifPresent: request.parallelToolCalls)
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
