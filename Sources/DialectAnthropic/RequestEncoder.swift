import Conversation
import NIOCore
import Wire

/// Writes a request of `POST /v1/messages`.
///
/// Fields that can't be said are named as OpenAI names them: a caller of
/// Anthropic's own dialect is passed through and never comes here.
struct RequestEncoder {
    private let request: ChatRequest
    private let turns: Turns
    private let maxTokens: Int
    private let effort: String?

    static func encode(
        _ request: ChatRequest, model: String, defaultMaxTokens: Int, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        try refuse(request)
        if request.seed != nil { dropped.append("seed") }
        let schema = try format(request, dropped: &dropped)
        let encoder = RequestEncoder(
            request: request,
            turns: try Turns(request.messages, model: model, dropped: &dropped),
            maxTokens: maxTokens(request, default: defaultMaxTokens),
            effort: try effort(request.reasoning))
        let tools = try ToolEncoder(request)
        var json = JSONWriter(ByteBufferAllocator().buffer(capacity: 2048))
        encoder.write(model: model, schema: schema, tools: tools, to: &json)
        return json.buffer
    }

    // MARK: What can't be said

    private static func refuse(_ request: ChatRequest) throws(CannotCarry) {
        if let temperature = request.temperature, !(0...1).contains(temperature) {
            throw CannotCarry("temperature", "is \(temperature); Anthropic takes 0 to 1")
        }
        if let topP = request.topP, !(0...1).contains(topP) { throw CannotCarry("top_p", "must be between 0 and 1") }
        if let topK = request.topK, topK < 0 { throw CannotCarry("top_k", "must not be negative") }
        if let penalty = request.frequencyPenalty, penalty != 0 {
            throw CannotCarry("frequency_penalty", "is not known to Anthropic; leave it out or send 0")
        }
        if let penalty = request.presencePenalty, penalty != 0 {
            throw CannotCarry("presence_penalty", "is not known to Anthropic; leave it out or send 0")
        }
        if let choices = request.choices, choices != 1 {
            throw CannotCarry("n", "is \(choices); Anthropic gives one answer a request")
        }
        if request.logprobs != nil { throw CannotCarry("logprobs", "is not known to Anthropic; leave it out") }
        if !request.logitBias.isEmpty { throw CannotCarry("logit_bias", "is not known to Anthropic; leave it out") }
        for sequence in request.stop where sequence.unicodeScalars.allSatisfy(\.properties.isWhitespace) {
            throw CannotCarry("stop", "holds a sequence of white space alone, which Anthropic refuses")
        }
        if let limit = request.maxTokens, limit < 1 { throw CannotCarry("max_tokens", "must be at least 1") }
    }

    /// Words of `output_config.effort`; `none` is thinking switched off.
    private static func effort(_ reasoning: Reasoning?) throws(CannotCarry) -> String? {
        guard case .effort(let word) = reasoning else { return nil }
        switch word {
        case "low", "medium", "high", "xhigh", "max": return word
        case "none": return nil
        default:
            throw CannotCarry(
                "reasoning_effort", "is \"\(word)\"; Anthropic knows none, low, medium, high, xhigh and max")
        }
    }

    private static func format(_ request: ChatRequest, dropped: inout [String]) throws(CannotCarry) -> JSONFragment? {
        switch request.responseFormat {
        case nil, .text: return nil
        case .jsonObject:
            throw CannotCarry(
                "response_format",
                "is json_object, which Anthropic doesn't know; use json_schema and say what you expect")
        case .jsonSchema(_, let description, let schema, _):
            // The schema's name is a label that only OpenAI has.
            if description != nil { dropped.append("response_format.json_schema.description") }
            return schema
        }
    }

    /// A budget for thinking counts towards the limit, so that a default
    /// limit leaves room for the answer.
    private static func maxTokens(_ request: ChatRequest, default limit: Int) -> Int {
        if let maxTokens = request.maxTokens { return maxTokens }
        guard case .budget(let budget) = request.reasoning else { return limit }
        return budget.addingReportingOverflow(limit).overflow ? .max : budget + limit
    }

    // MARK: Writing

    private func write(model: String, schema: JSONFragment?, tools: ToolEncoder, to json: inout JSONWriter) {
        json.object { json in
            json.member("model", model)
            json.member("max_tokens", maxTokens)
            writeSystem(to: &json)
            json.array("messages") { json in
                for turn in turns.turns { turn.write(to: &json) }
            }
            tools.write(to: &json)
            json.member("temperature", ifPresent: request.temperature)
            json.member("top_p", ifPresent: request.topP)
            json.member("top_k", ifPresent: request.topK)
            if !request.stop.isEmpty {
                json.array("stop_sequences") { json in
                    for sequence in request.stop { json.value(sequence) }
                }
            }
            writeThinking(to: &json)
            if effort != nil || schema != nil {
                json.object("output_config") { json in
                    json.member("effort", ifPresent: effort)
                    if let schema {
                        json.object("format") { json in
                            json.member("type", "json_schema")
                            json.member("schema", schema)
                        }
                    }
                }
            }
            if let endUser = request.endUser {
                json.object("metadata") { $0.member("user_id", endUser) }
            }
            if request.stream { json.member("stream", true) }
        }
    }

    private func writeSystem(to json: inout JSONWriter) {
        guard let first = turns.system.first else { return }
        if turns.system.count == 1 {
            json.member("system", first)
        } else {
            json.array("system") { json in
                for text in turns.system { Block.text(text).write(to: &json) }
            }
        }
    }

    private func writeThinking(to json: inout JSONWriter) {
        switch request.reasoning {
        case .disabled, .effort("none"): json.object("thinking") { $0.member("type", "disabled") }
        case .adaptive: json.object("thinking") { $0.member("type", "adaptive") }
        case .budget(let tokens):
            json.object("thinking") { json in
                json.member("type", "enabled")
                json.member("budget_tokens", tokens)
            }
        case .effort, nil: break
        }
    }
}
