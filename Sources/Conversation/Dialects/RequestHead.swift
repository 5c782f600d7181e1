package import Wire

/// The part of a call that every operation needs: whom it asks for, and in
/// which form it wants the answer.
package struct RequestHead: Sendable {
    /// The model's name as the caller gave it. Its length is not yet checked.
    package enum ModelName: Sendable {
        /// A string of the body, where another name can be put in its place.
        case body(JSONView)
        /// A segment of the path: a provider of the same dialect gets the
        /// model's own name in its endpoint.
        case path(String)
    }

    package var model: ModelName
    /// True where a stream is wanted, if the operation has streams.
    package var isStream: Bool

    package init(model: ModelName, isStream: Bool) {
        self.model = model
        self.isStream = isStream
    }
}

/// The reading of a body that names its members as OpenAI's and Anthropic's
/// APIs do; what the path says goes before it.
extension RequestHead {
    package init(reading body: JSONView, at path: CalledPath) throws(APIProblem) {
        let model: RequestHead.ModelName =
            if let model = path.model { .path(model) } else { .body(try Self.modelName(body)) }
        if let isStream = path.isStream {
            self.init(model: model, isStream: isStream)
            return
        }
        var isStream = false
        if let flag = body["stream"], !flag.isNull {
            guard let value = flag.bool else {
                throw APIProblem(
                    .invalidRequest, "\"stream\" must be true or false.", field: "stream", code: "invalid_type")
            }
            isStream = value
        }
        self.init(model: model, isStream: isStream)
    }

    private static func modelName(_ body: JSONView) throws(APIProblem) -> JSONView {
        guard let view = body["model"], !view.isNull else {
            throw APIProblem(
                .invalidRequest, "\"model\" is missing: name a route or provider/model (GET /v1/models lists them).",
                field: "model", code: "missing_required_parameter")
        }
        guard view.kind == .string, !view.isString("") else {
            throw APIProblem(
                .invalidRequest, "\"model\" must be a non-empty string.", field: "model", code: "invalid_type")
        }
        return view
    }
}

extension CallerProtocol {
    package func readHead(_ body: JSONView, at path: CalledPath) throws(APIProblem) -> RequestHead {
        try RequestHead(reading: body, at: path)
    }

    package func mostTokens(_ body: JSONView) -> Int? {
        let limits = [body["max_tokens"], body["max_completion_tokens"]].compactMap { $0?.int }.filter { $0 >= 0 }
        // Providers differ in which of two they heed.
        guard let most = limits.max() else { return nil }
        let choices = body["n"]?.int ?? 1
        guard choices > 1 else { return most }
        let (all, isOver) = most.multipliedReportingOverflow(by: choices)
        return isOver ? .max : all
    }

    package func cacheKey(_ body: JSONView) -> JSONView? { body["prompt_cache_key"] }

    package func continuesThread(_ body: JSONView) -> Bool {
        guard let thread = body["thread"], thread.kind == .object, thread.range.count < 4096 else { return false }
        return (try? thread.fragment.document().root["type"]?.isString("continue")) ?? false
    }

    package func expectsSharedTerms(_ body: JSONView) -> Bool {
        for name in ["functions", "function_call", "audio"] as [StaticString] where body[name] != nil { return false }
        if let modalities = body["modalities"], modalities.fragment.text.contains("audio") { return false }
        guard let choices = body["n"], !choices.isNull else { return true }
        return choices.int == 1
    }
}
