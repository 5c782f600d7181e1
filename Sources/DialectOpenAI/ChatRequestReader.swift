import Conversation
import Wire

/// Reads a Chat Completions request into shared terms, in one pass over its
/// members.
///
/// Checks types and plain sanity only (`n` from 1 up, token counts not
/// negative, numbers finite). The documented ranges (temperature 0 to 2, at
/// most four stop sequences, …) are the provider's to judge: they differ
/// between the servers that speak this format.
///
/// https://platform.openai.com/docs/api-reference/chat/create
struct ChatRequestReader {
    var leftovers: [Leftover] = []

    mutating func read(_ document: JSONDocument) throws(APIProblem) -> ChatRequest {
        let root = document.root
        guard root.kind == .object else {
            throw APIProblem(.invalidRequest, "The body must be a JSON object with `model` and `messages`.")
        }
        var request = ChatRequest(model: "", messages: [])
        var model: String?
        var messages: [Message]?
        var limits = TokenLimits()
        var wantsLogprobs: Bool?
        var topLogprobs: Int?
        var functionCall: JSONView?

        for (name, value) in root.members where !value.isNull {
            let field = name.word ?? ""
            switch field {
            case "model": model = try value.identifier(at: field)
            case "messages": messages = try readMessages(value)
            case "tools": request.tools = try readTools(value)
            case "tool_choice": request.toolChoice = try readToolChoice(value)
            case "parallel_tool_calls": request.parallelToolCalls = try value.flag(at: field)
            case "response_format": request.responseFormat = try readResponseFormat(value)
            case "max_tokens": limits.maxTokens = try value.whole(at: field, from: 0)
            case "max_completion_tokens": limits.maxCompletionTokens = try value.whole(at: field, from: 0)
            case "temperature": request.temperature = try value.finite(at: field)
            case "top_p": request.topP = try value.finite(at: field)
            // Not OpenAI's, but every local engine's; the shared terms have it.
            case "top_k": request.topK = try value.whole(at: field)
            case "frequency_penalty": request.frequencyPenalty = try value.finite(at: field)
            case "presence_penalty": request.presencePenalty = try value.finite(at: field)
            case "seed": request.seed = try value.whole(at: field)
            case "stop": request.stop = try readStop(value)
            case "n": request.choices = try value.whole(at: field, from: 1)
            case "logprobs": wantsLogprobs = try value.flag(at: field)
            case "top_logprobs": topLogprobs = try value.whole(at: field, from: 0)
            case "logit_bias": request.logitBias = try readLogitBias(value)
            case "reasoning_effort": readEffort(try value.word(at: field), into: &request)
            case "reasoning", "thinking": try readReasoning(value, at: field, into: &request)
            case "function_call": functionCall = value
            case "user": request.endUser = try value.text(at: field)
            case "stream": request.stream = try value.flag(at: field)
            case "stream_options": request.includeUsage = try readStreamOptions(value)
            case "modalities": try readModalities(value)
            default: leaveOver(field, value, isAdvisory: RequestMember.fate(of: field, value) == .wish)
            }
        }
        // `auto` and `none` ask for nothing where there are no functions.
        if let functionCall, functionCall.kind == .object || leftovers.contains(where: { $0.field == "functions" }) {
            leaveOver("function_call", isAdvisory: false)
        }

        guard let model, !model.isEmpty else {
            throw .missing("model", "name the route or model that shall answer.")
        }
        guard let messages else { throw .missing("messages", "give at least one message.") }
        guard !messages.isEmpty else { throw .invalid("messages", "is empty: give at least one message.") }
        request.model = model
        request.messages = messages
        request.maxTokens = limits.agreed
        if limits.differ { leaveOver("max_tokens", isAdvisory: true) }
        if wantsLogprobs == true {
            request.logprobs = topLogprobs ?? 0
        } else if let topLogprobs, topLogprobs > 0 {
            throw .invalid("top_logprobs", "needs `logprobs` to be true.")
        }
        request.leftovers = leftovers
        return request
    }

    mutating func leaveOver(_ field: String, isAdvisory: Bool) {
        leftovers.append(Leftover(field, isAdvisory: isAdvisory))
    }

    /// Leaves over a member that says something.
    mutating func leaveOver(
        _ field: @autoclosure () -> String, _ value: JSONView, isAdvisory: @autoclosure () -> Bool
    ) {
        // An empty object switches a search on.
        guard !value.saysNothing || value.kind == .object && field() == "web_search_options" else { return }
        leaveOver(field(), isAdvisory: isAdvisory())
    }

    // MARK: Reasoning

    private func readEffort(_ effort: String, into request: inout ChatRequest) {
        if effort == "none" {
            request.reasoning = .disabled
        } else if !effort.isEmpty {
            request.effort = effort
        }
    }

    /// OpenRouter's `reasoning` and the `thinking` that DeepSeek, GLM and
    /// LiteLLM take: wishes, so that another form of one is named and no fault.
    private mutating func readReasoning(
        _ value: JSONView, at field: String, into request: inout ChatRequest
    ) throws(APIProblem) {
        guard value.kind == .object else { return leaveOver(field, isAdvisory: true) }
        for (name, value) in value.members where !value.isNull {
            let member = name.word ?? ""
            switch member {
            case "effort":
                if let effort = value.word { readEffort(effort, into: &request) }
            case "max_tokens", "budget_tokens":
                if let budget = value.int, budget > 0 { request.reasoning = .budget(budget) }
            case "enabled":
                if value.bool == false { request.reasoning = .disabled }
            case "type":
                if value.isString("disabled") { request.reasoning = .disabled }
                if value.isString("adaptive"), request.reasoning == nil { request.reasoning = .adaptive }
            // What is shown of it, and how it is summed up.
            default: leaveOver("\(field).\(member)", value, isAdvisory: true)
            }
        }
    }

    // MARK: Fields

    private func readStop(_ value: JSONView) throws(APIProblem) -> [String] {
        if let text = value.string { return text.isEmpty ? [] : [text] }
        guard value.kind == .array else {
            throw .wrongType("stop", wanted: "a string or an array of strings", not: value.kind)
        }
        var stop: [String] = []
        for (index, element) in value.elements.numbered() { stop.append(try element.text(at: "stop[\(index)]")) }
        stop.removeAll(where: \.isEmpty)
        return stop
    }

    private func readLogitBias(_ value: JSONView) throws(APIProblem) -> [String: Double] {
        var bias: [String: Double] = [:]
        for (name, value) in try value.object(at: "logit_bias").members {
            let token = name.word ?? ""
            bias[token] = try value.finite(at: "logit_bias.\(token)")
        }
        return bias
    }

    /// - Returns: True when usage is wanted at the stream's end. Without
    ///   `stream` the answer has it anyway.
    private mutating func readStreamOptions(_ value: JSONView) throws(APIProblem) -> Bool {
        var includeUsage = false
        for (name, value) in try value.object(at: "stream_options").members where !value.isNull {
            switch name.word ?? "" {
            case "include_usage": includeUsage = try value.flag(at: "stream_options.include_usage")
            // How the stream is told, not what it says.
            case let field: leaveOver("stream_options.\(field)", value, isAdvisory: true)
            }
        }
        return includeUsage
    }

    /// Text is what an answer is anyway; anything else can't be carried.
    private mutating func readModalities(_ value: JSONView) throws(APIProblem) {
        for (index, element) in try value.array(at: "modalities").numbered() {
            let path = "modalities[\(index)]"
            if try element.word(at: path) != "text" { leaveOver(path, isAdvisory: false) }
        }
    }

    private mutating func readResponseFormat(_ value: JSONView) throws(APIProblem) -> ResponseFormat? {
        let format = try value.object(at: "response_format")
        var type: String?
        var described: JSONView?
        var bare: JSONView?
        for (name, value) in format.members where !value.isNull {
            switch name.word ?? "" {
            case "type": type = try value.word(at: "response_format.type")
            case "json_schema": described = value
            // llama.cpp's, Together's and Fireworks' place for it.
            case "schema": bare = value
            case let field: leaveOver("response_format.\(field)", value, isAdvisory: true)
            }
        }
        guard let type else {
            guard format.saysNothing else {
                throw .missing("response_format.type", "use `text`, `json_object` or `json_schema`.")
            }
            return nil
        }
        switch type {
        case "text": return .text
        case "json_object" where described == nil && (bare?.saysNothing ?? true): return .jsonObject
        case "json_object", "json_schema":
            if let described { return try readJSONSchema(described) }
            guard let bare else {
                throw .missing("response_format.json_schema", "give an object with `name` and `schema`.")
            }
            let schema = try bare.object(at: "response_format.schema").fragment
            return .jsonSchema(name: nil, description: nil, schema: schema, isStrict: nil)
        default:
            leaveOver("response_format.type", isAdvisory: false)
            return nil
        }
    }

    private mutating func readJSONSchema(_ value: JSONView) throws(APIProblem) -> ResponseFormat {
        let path = "response_format.json_schema"
        var name: String?
        var description: String?
        var schema: JSONFragment?
        var isStrict: Bool?
        for (key, value) in try value.object(at: path).members where !value.isNull {
            switch key.word ?? "" {
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
}

/// The two names of one limit. OpenAI deprecated the first for the second.
private struct TokenLimits {
    var maxTokens: Int?
    var maxCompletionTokens: Int?

    /// Newer models heed the second name only.
    var agreed: Int? { maxCompletionTokens ?? maxTokens }

    var differ: Bool { maxTokens != nil && maxCompletionTokens != nil && maxTokens != maxCompletionTokens }
}
