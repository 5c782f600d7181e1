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
    private let thinking: Thinking
    private let stop: [String]

    static func encode(
        _ request: ChatRequest, model: String, defaultMaxTokens: Int, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        try refuse(request)
        let schema = format(request, dropped: &dropped)
        var turns = try Turns(request.messages, model: model, dropped: &dropped)
        if case .jsonObject = request.responseFormat { turns.instruct(Self.jsonInstruction) }
        let encoder = RequestEncoder(
            request: request,
            turns: turns,
            maxTokens: maxTokens(request, default: defaultMaxTokens),
            thinking: Thinking(request, turns: turns.turns, traits: ModelTraits(model), dropped: &dropped),
            stop: leaveBehind(request, dropped: &dropped))
        let tools = try ToolEncoder(request)
        var json = JSONWriter(ByteBufferAllocator().buffer(capacity: 2048))
        encoder.write(model: model, schema: schema, tools: tools, to: &json)
        return json.buffer
    }

    // MARK: What can't be said

    /// Fields without which the answer would be another.
    private static func refuse(_ request: ChatRequest) throws(CannotCarry) {
        if let temperature = request.temperature, !(0...1).contains(temperature) {
            throw CannotCarry("temperature", "is \(temperature); Anthropic takes 0 to 1")
        }
        if let topP = request.topP, !(0...1).contains(topP) { throw CannotCarry("top_p", "must be between 0 and 1") }
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
        if let limit = request.maxTokens, limit < 1 { throw CannotCarry("max_tokens", "must be at least 1") }
    }

    /// Names the wishes that Anthropic has no words for.
    /// - Returns: the stop sequences that it takes.
    private static func leaveBehind(_ request: ChatRequest, dropped: inout [String]) -> [String] {
        if request.seed != nil { dropped.append("seed") }
        if let user = request.endUser, user.utf16.count > longestUser { dropped.append("user") }
        // White space alone is refused.
        let stop = request.stop.filter { !$0.isBlank }
        if stop.count < request.stop.count { dropped.append("stop") }
        return stop
    }

    /// Of `metadata.user_id`, in characters.
    private static let longestUser = 256

    private static func format(_ request: ChatRequest, dropped: inout [String]) -> JSONFragment? {
        switch request.responseFormat {
        case nil, .text: return nil
        case .jsonObject:
            dropped.append("response_format (as an instruction)")
            return nil
        case .jsonSchema(_, let description, let schema, _):
            // The schema's name is a label that only OpenAI has.
            if description != nil { dropped.append("response_format.json_schema.description") }
            let taken = AnswerSchema(schema)
            dropped += taken.dropped.map { "response_format.json_schema.schema (\($0))" }
            return taken.fragment
        }
    }

    /// The instruction for OpenAI's `json_object`, which Anthropic doesn't know.
    private static let jsonInstruction =
        "Answer with one JSON object and nothing else: no introduction, no code fence, no comment."

    /// A budget for thinking counts towards the limit, so that a default
    /// limit leaves room for the answer.
    private static func maxTokens(_ request: ChatRequest, default limit: Int) -> Int {
        if let maxTokens = request.maxTokens { return maxTokens }
        guard case .budget(let budget) = request.reasoning else { return limit }
        let room = max(Thinking.leastBudget, budget).addingReportingOverflow(limit)
        return room.overflow ? .max : room.partialValue
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
            json.member("temperature", ifPresent: thinking.temperature)
            json.member("top_p", ifPresent: thinking.topP)
            json.member("top_k", ifPresent: thinking.topK)
            if !stop.isEmpty {
                json.array("stop_sequences") { json in
                    for sequence in stop { json.value(sequence) }
                }
            }
            thinking.write(to: &json)
            if thinking.effort != nil || schema != nil {
                json.object("output_config") { json in
                    json.member("effort", ifPresent: thinking.effort)
                    if let schema {
                        json.object("format") { json in
                            json.member("type", "json_schema")
                            json.member("schema", schema)
                        }
                    }
                }
            }
            if let endUser = request.endUser, endUser.utf16.count <= Self.longestUser {
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
}
