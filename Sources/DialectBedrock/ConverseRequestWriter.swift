import Conversation
import DialectAnthropic
import NIOCore
import Wire

/// Writes a request of Converse and of ConverseStream, which are the same.
///
/// Fields that can't be said are named as OpenAI names them: a caller of
/// Converse itself is passed through and never comes here.
struct ConverseRequestWriter {
    private let turns: Turns
    private let tools: ConverseTools
    private let sampling: ConverseSampling
    private let format: ConverseFormat?

    static func write(
        _ request: ChatRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        try refuse(request)
        let maker = ConverseModel(model)
        let format = ConverseFormat(request.responseFormat, for: maker, dropped: &dropped)
        let messages =
            maker.takesThinking ? request.messages : withoutThinking(request.messages, dropped: &dropped)
        var turns = try Turns(messages, model: model, for: "Bedrock", dropped: &dropped)
        if case .jsonObject = request.responseFormat { turns.instruct(ConverseFormat.jsonInstruction) }
        let tools = try ConverseTools(request, dropped: &dropped)
        if let words = tools.instruction { turns.instruct(words) }
        if request.seed != nil { dropped.append("seed") }
        if request.endUser != nil { dropped.append("user") }
        let writer = ConverseRequestWriter(
            turns: turns, tools: tools,
            sampling: ConverseSampling(request, turns: turns.turns, model: maker, dropped: &dropped), format: format)
        var json = JSONWriter(ByteBufferAllocator().buffer(capacity: 2048))
        writer.write(to: &json)
        return json.buffer
    }

    // MARK: What can't be said

    /// Fields without which the answer would be another.
    private static func refuse(_ request: ChatRequest) throws(CannotCarry) {
        if let temperature = request.temperature, !(0...1).contains(temperature) {
            throw CannotCarry("temperature", "is \(temperature); Bedrock takes 0 to 1")
        }
        if let topP = request.topP, !(0...1).contains(topP) { throw CannotCarry("top_p", "must be between 0 and 1") }
        if let penalty = request.frequencyPenalty, penalty != 0 {
            throw CannotCarry("frequency_penalty", "is not known to Bedrock; leave it out or send 0")
        }
        if let penalty = request.presencePenalty, penalty != 0 {
            throw CannotCarry("presence_penalty", "is not known to Bedrock; leave it out or send 0")
        }
        if let choices = request.choices, choices != 1 {
            throw CannotCarry("n", "is \(choices); Bedrock gives one answer a request")
        }
        if request.logprobs != nil { throw CannotCarry("logprobs", "is not known to Bedrock; leave it out") }
        if !request.logitBias.isEmpty { throw CannotCarry("logit_bias", "is not known to Bedrock; leave it out") }
        if let limit = request.maxTokens, limit < 1 { throw CannotCarry("max_tokens", "must be at least 1") }
        for (index, message) in request.messages.enumerated() {
            for (place, part) in message.content.enumerated() {
                try refuse(part, "messages[\(index)].content[\(place)]")
            }
        }
    }

    private static func refuse(_ part: Part, _ path: String) throws(CannotCarry) {
        switch part {
        case .image(.url):
            throw CannotCarry(
                path, "is an image by its address; Bedrock takes images in the request only (a data: URL)")
        case .toolResult(let result):
            for (place, inner) in result.content.enumerated() { try refuse(inner, "\(path).content[\(place)]") }
        default: break
        }
    }

    /// Only its maker's model takes thinking back.
    private static func withoutThinking(_ messages: [Message], dropped: inout [String]) -> [Message] {
        var messages = messages
        for index in messages.indices where messages[index].content.contains(where: \.isThinking) {
            messages[index].content.removeAll(where: \.isThinking)
            dropped.append("messages[\(index)].thinking")
        }
        return messages
    }

    // MARK: Writing

    private func write(to json: inout JSONWriter) {
        json.object { json in
            if !turns.system.isEmpty {
                json.array("system") { json in
                    for text in turns.system { json.object { $0.member("text", text) } }
                }
            }
            json.array("messages") { json in
                // A conversation has to begin with its user.
                if turns.turns.first?.role == .assistant {
                    Block.writeTurn(of: .user, [.text(Block.nothingSaid)], to: &json)
                }
                for turn in turns.turns { Block.writeTurn(of: turn.role, turn.blocks, to: &json) }
            }
            tools.write(to: &json)
            sampling.write(to: &json)
            if sampling.effort != nil || format != nil {
                json.object("outputConfig") { json in
                    format?.write(to: &json)
                    json.member("effort", ifPresent: sampling.effort)
                }
            }
        }
    }
}
