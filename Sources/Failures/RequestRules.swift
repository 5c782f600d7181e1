/// The rules for faults of the request itself.
extension Rules {
    // MARK: A model named inside the request

    /// Only where the words hold a path to a model's name, which is checked
    /// in code (``NestedPath``).
    static let nested = Rule(
        "nested-model", .nestedReference, .request, statuses: notServer,
        codes: ["not_found_error", "model_not_found", "model_deprecated", "model_decommissioned"],
        words: goneWords + ambiguousWords + [
            "not available", "unavailable", "not supported", "invalid", "unknown", "retired", "unrecognized",
            "deprecated",
            "not have access",
        ],
        unless: ["temporarily", "field required", "valid string"], isEither: true)
    static let inside = [
        Rule(
            "nested-model-words", .nestedReference, .request, statuses: notServer,
            words: [
                "sub-agent", "subagent", "sub agent", "tool definition", "referenced by tool", "referenced in tool",
                "advisor model", "in tools[", "in tools.", "in agents", "referenced by agent", "nested model",
            ],
            alsoWords: goneWords + ambiguousWords + ["not available", "unavailable", "retired"],
            unless: ["temporarily", "no tool", "overloaded"])
    ]

    // MARK: An item of another provider's

    /// Before all words: they speak of organizations and of what can't be verified.
    static let items = [
        Rule("foreign-item", .callerFault, .request, statuses: notServer, codes: ["invalid_encrypted_content"])
    ]

    // MARK: Things in the request that are gone, or that are the caller's own

    static let things = [
        Rule(
            "gone-field-of-model", .unsupportedField, .request, statuses: notServer, words: goneWords,
            unless: passing, subjects: [.thingForModel]),
        Rule(
            "gone-field", .callerFault, .request, statuses: notServer, words: goneWords, unless: passing,
            subjects: [.thing]),
        // Files, containers, threads, answers of before: the caller's own, or
        // another account's. None of them says anything about a model.
        Rule(
            "callers-own", .callerFault, .request, statuses: [400...400, 404...404, 410...410],
            codes: [
                "file_not_found", "previous_response_not_found", "response_not_found", "container_not_found",
                "container_expired", "thread_not_found", "conversation_not_found", "vector_store_not_found",
                "batch_not_found", "item_not_found", "message_not_found", "assistant_not_found", "upload_not_found",
                "run_not_found", "skill_not_found", "prompt_not_found", "session_not_found",
            ]),
        Rule(
            "callers-own-words", .callerFault, .request, statuses: [400...400, 404...404, 410...410],
            words: [
                "file", "container", "thread", "response", "conversation", "vector store", "vector_store", "batch",
                "assistant", "message with", "item with", "item id", "upload", "prompt with", "skill", "session",
                "cached content", "cachedcontent", "run with", "attachment", "image", "document", "tool_use",
            ],
            alsoWords: [
                "not found", "no such", "does not exist", "doesn't exist", "not exist", "could not be found",
                "couldn't be found", "could not find", "couldn't find", "cannot find", "unknown", "expired",
                "was deleted", "been deleted", "no file", "no container", "no thread", "no response", "no batch",
                "no conversation", "no session",
            ],
            unless: modelWords + ["api deployment", "requested resource", "foundation", "function '", "url", "route"]),
        // The model is there, at another address of the same host.
        Rule(
            "wrong-address", .broken, .model, statuses: client,
            words: [
                "only supported in v1/", "only supported in /v1/", "only supported in the v1/",
                "not supported in the v1/",
                "not supported in v1/", "only supported on the", "only supported via", "only available in v1/",
                "only available in the v1/", "only available via the", "only accessible via",
                "supported on this route", "supported on this endpoint", "supported for this endpoint",
                "supported at this endpoint", "supported by this endpoint", "supported in this endpoint",
                "available on this endpoint", "available on this route", "available at this endpoint",
                "did you mean to use v1/", "did you mean to use /v1/", "use the v1/", "use v1/", "use the /v1/",
                "not a chat model", "not a completion model", "use the responses api", "with the responses api",
                "supported in the responses", "supported by the responses", "through the responses api",
            ], unless: ["temporarily", "parameter", "is deprecated", "been deprecated"]),
    ]

    // MARK: The request itself

    static let request = [
        Rule(
            "parameter", .callerFault, .request, statuses: [400...400, 422...422],
            codes: [
                "unsupported_parameter", "unsupported_value", "invalid_value", "missing_required_parameter",
                "invalid_type", "unknown_parameter", "string_above_max_length", "array_above_max_length",
                "integer_below_min_value", "integer_above_max_value", "decimal_above_max_value", "invalid_json",
            ], unless: ["context length", "context window"]),
        Rule(
            "context", .tooLong, .request, statuses: notServer,
            codes: [
                "context_length_exceeded", "exceed_context_size_error", "request_too_large",
                "prompt_too_long", "input_too_long", "context_window_exceeded",
            ],
            words: [
                "prompt is too long", "maximum context length", "context length", "context window",
                "input is too long", "input token count", "maximum number of tokens allowed", "context size",
                "exceed context limit", "reduce the length", "too many input tokens", "maximum allowed input length",
                "prompt contains too many tokens", "input tokens exceed", "longer than the model", "tokens exceeds",
                "token limit", "maximum input length", "prompt too long", "maximum model length",
                "max model length", "maximum prompt length", "size limit exceeded by", "too large for model",
                "context limit", "too long for", "exceeds the context", "exceeds the maximum length",
                "max_new_tokens` must be <=", "maximum number of input tokens", "prompt exceeds",
                "conversation is too long", "maximum sequence length", "input length and", "tokens exceed",
                "context is too long", "input is too large", "`inputs` must have less than",
            ],
            unless: [
                "per minute", "rate limit", "wait before", "per day", "tokens per min", "tokens per day",
                "quota exceeded",
            ],
            unlessCodes: [
                "rate_limit_exceeded", "throttlingexception", "rate_limit_error",
                "resource_exhausted",
            ],
            isEither: true),
        Rule(
            "body-too-large", .tooLong, .request, statuses: [413...413],
            unless: [
                "per min", "rate limit",
                "per day",
            ], unlessCodes: ["rate_limit_exceeded", "rate_limit_error"]),
        Rule(
            "safety", .refused, .request, statuses: notServer,
            codes: [
                "content_policy_violation", "content_filter", "responsibleaipolicyviolation", "moderation_blocked",
                "safety", "prompt_blocked", "prohibited_content", "content_filter_error", "data_inspection_failed",
                "cyber_policy_violation", "cyber_policy", "bio_policy", "misalignment_policy_violation",
                "image_content_policy_violation", "content_filtered", "content_policy", "moderation_error",
                "safety_violation", "guardrail_intervened", "guardrail_violation",
                "guardrailinterventionexception", "content_blocked",
            ],
            words: [
                "safety system", "content management policy", "content policy", "content filter", "usage polic",
                "content filtering policy", "prohibited_content", "flagged by", "was flagged", "been flagged",
                "blocked by our", "guardrail", "moderation", "safety filter", "safety settings", "safety reasons",
                "responsible ai", "inappropriate content", "content exists risk", "acceptable use",
                "sensitive content", "harmful content", "potentially violating", "unsafe content",
                "safety guidelines", "sensitive words", "safety check", "content_filter", "prohibited use",
                "blocked due to safety",
            ], unless: ["account has been"], isEither: true),
    ]
}
