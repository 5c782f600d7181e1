import Conversation
import DialectAnthropic
import Wire

/// `inferenceConfig`, `outputConfig.effort`, and the fields that only one
/// maker's models know (`additionalModelRequestFields`).
///
/// The effort, the thinking and the sampling of all tokens but the likeliest
/// are wishes: what a model doesn't take is left out and named.
struct ConverseSampling {
    private(set) var effort: String?
    private let maxTokens: Int?
    private let temperature: Double?
    private let topP: Double?
    private let topK: Int?
    private let stop: [String]
    private let thinking: Thinking?
    private let model: ConverseModel

    init(_ request: ChatRequest, turns: [Turns.Turn], model: ConverseModel, dropped: inout [String]) {
        self.model = model
        // White space alone is refused, and so is nothing.
        stop = request.stop.filter { !$0.isBlank }
        if stop.count < request.stop.count { dropped.append("stop") }
        if case .claude(let traits) = model {
            let thinking = Thinking(request, turns: turns, traits: traits, dropped: &dropped)
            self.thinking = thinking
            effort = thinking.effort
            (temperature, topP, topK) = (thinking.temperature, thinking.topP, thinking.topK)
            maxTokens = Self.mostTokens(request, thinking)
            return
        }
        thinking = nil
        maxTokens = request.maxTokens
        (temperature, topP) = (request.temperature, request.topP)
        if case .gpt = model, let word = request.effort, ["low", "medium", "high"].contains(word) {
            effort = word
        } else if let word = request.effort, word != "none" {
            dropped.append("reasoning_effort")
        }
        if let reasoning = request.reasoning, reasoning != .disabled { dropped.append("thinking") }
        if case .nova = model, let wanted = request.topK, wanted > 0 {
            topK = wanted
        } else {
            if let wanted = request.topK, wanted > 0 { dropped.append("top_k") }
            topK = nil
        }
    }

    /// A budget for thinking counts towards the limit, and a model's own limit
    /// is above every budget that it takes.
    private static func mostTokens(_ request: ChatRequest, _ thinking: Thinking) -> Int? {
        guard case .budget(let budget) = thinking.kind, let most = request.maxTokens else { return request.maxTokens }
        return max(most, budget == .max ? .max : budget + 1)
    }

    func write(to json: inout JSONWriter) {
        if maxTokens != nil || temperature != nil || topP != nil || !stop.isEmpty {
            json.object("inferenceConfig") { json in
                json.member("maxTokens", ifPresent: maxTokens)
                json.member("temperature", ifPresent: temperature)
                json.member("topP", ifPresent: topP)
                guard !stop.isEmpty else { return }
                json.array("stopSequences") { json in for sequence in stop { json.value(sequence) } }
            }
        }
        if !stop.isEmpty, thinking != nil {
            // Only on demand an answer says which one ended it.
            json.array("additionalModelResponseFieldPaths") { $0.value("/stop_sequence") }
        }
        let isThinking = thinking?.kind != nil
        guard isThinking || topK != nil else { return }
        json.object("additionalModelRequestFields") { json in
            thinking?.write(to: &json)
            guard let topK else { return }
            if case .nova = model {
                json.object("inferenceConfig") { $0.member("topK", topK) }
            } else {
                json.member("top_k", topK)
            }
        }
    }
}
