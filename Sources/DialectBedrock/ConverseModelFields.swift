import Conversation
import DialectAnthropic
import Wire

/// `additionalModelRequestFields`: the members of a maker's own API, of which
/// those are read that have a place in the shared terms.
///
/// - Anthropic's `thinking`, `top_k` and `output_config`:
///   https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
/// - Amazon's `reasoningConfig` and `inferenceConfig.topK`:
///   https://docs.aws.amazon.com/nova/latest/userguide/using-converse-api.html
/// - OpenAI's `reasoning_effort`.
enum ConverseModelFields {
    static func read(
        _ field: Field, into request: inout ChatRequest, _ leftovers: inout Leftovers
    ) throws(APIProblem) {
        for (name, value) in try field.members() {
            switch name {
            case "thinking", "reasoning_config":
                try readThinking(field.member(dynamic: name, value), into: &request, &leftovers)
            case "reasoningConfig":
                try readReasoning(field.member("reasoningConfig", value), into: &request, &leftovers)
            case "reasoning_effort": request.effort = try field.member("reasoning_effort", value).identifier()
            case "output_config": try readOutput(field.member("output_config", value), into: &request, &leftovers)
            case "top_k": request.topK = try field.member("top_k", value).int(in: 0...)
            case "inferenceConfig": try readTopK(field.member("inferenceConfig", value), into: &request, &leftovers)
            // What an API in its making offers beside the answer.
            case "anthropic_beta": leftovers.advisory(field.member("anthropic_beta", value))
            default: leftovers.unknown(name, value, in: field)
            }
        }
    }

    /// Another way to think is a wish, as all of them are.
    private static func readThinking(
        _ field: Field, into request: inout ChatRequest, _ leftovers: inout Leftovers
    ) throws(APIProblem) {
        let (word, type) = try field.type()
        for (name, value) in try field.members() where name != "type" && name != "budget_tokens" {
            leftovers.wish(name, value, in: field)
        }
        switch word {
        case "enabled":
            guard let value = field.view["budget_tokens"], !value.isNull else { throw field.missing("budget_tokens") }
            request.reasoning = .budget(try field.member("budget_tokens", value).int(in: 1...))
        case "adaptive": request.reasoning = .adaptive
        case "disabled": request.reasoning = .disabled
        default: leftovers.advisory(type)
        }
    }

    private static func readReasoning(
        _ field: Field, into request: inout ChatRequest, _ leftovers: inout Leftovers
    ) throws(APIProblem) {
        let (word, type) = try field.type()
        for (name, value) in try field.members() {
            switch name {
            case "type": break
            case "maxReasoningEffort": request.effort = try field.member("maxReasoningEffort", value).identifier()
            default: leftovers.wish(name, value, in: field)
            }
        }
        switch word {
        case "enabled": request.reasoning = .adaptive
        case "disabled": (request.reasoning, request.effort) = (.disabled, nil)
        default: leftovers.advisory(type)
        }
    }

    private static func readOutput(
        _ field: Field, into request: inout ChatRequest, _ leftovers: inout Leftovers
    ) throws(APIProblem) {
        for (name, value) in try field.members() {
            switch name {
            case "effort": request.effort = try field.member("effort", value).identifier()
            // The API's own place for it is `outputConfig.textFormat`.
            case "format": leftovers.unknown(name, value, in: field)
            default: leftovers.wish(name, value, in: field)
            }
        }
    }

    private static func readTopK(
        _ field: Field, into request: inout ChatRequest, _ leftovers: inout Leftovers
    ) throws(APIProblem) {
        for (name, value) in try field.members() {
            if name == "topK" {
                request.topK = try field.member("topK", value).int(in: 0...)
            } else {
                leftovers.unknown(name, value, in: field)
            }
        }
    }
}
