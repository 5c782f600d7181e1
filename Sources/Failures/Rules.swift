/// The classifier's table. The first rule that matches decides, so that the
/// order goes from specific to general; docs/failures.md explains it.
enum Rules {
    static let all = transport + inside + credential + account + request + gone + access + capacity + defaults

    /// What no rule knows: worth another candidate, and no more memory than a
    /// breaker's.
    static let unknown = Rule("unknown", .broken, .model)

    private static let client: [ClosedRange<Int>] = [400...499]
    /// An error that says 200, or nothing, is one in a stream or a body.
    private static let notServer: [ClosedRange<Int>] = [0...499]

    // MARK: No words at all

    private static let transport = [
        Rule("no-byte-in-time", .silent, .model, transports: [.silent]),
        Rule("broken-off", .truncated, .model, positions: [.body, .stream, .streamEnd], transports: [.cut, .garbage]),
        Rule("no-connection", .unreachable, .host, positions: [.connect], transports: [.unreachable, .closed, .cut]),
        Rule("not-ready", .overloaded, .model, positions: [.head], transports: [.unreachable]),
        Rule("no-http", .truncated, .model, positions: [.connect], transports: [.garbage]),
        Rule("no-answer", .unreachable, .host, positions: [.connect]),
        // How one retired model ended: politely, and with nothing to say.
        Rule("clean-end", .truncated, .model, .ambiguous, positions: [.streamEnd], shape: .empty),
        Rule("refusal-as-answer", .refused, .request, shape: .refusal),
        Rule("empty-answer", .truncated, .model, positions: [.body], shape: .empty),
        Rule("no-answer-in-it", .truncated, .model, positions: [.body], shape: .unreadable),
        Rule("page-as-answer", .truncated, .model, positions: [.body], shape: .page),
        // A proxy's, a firewall's, a load balancer's: nothing about our key
        // or the model.
        Rule("page-503", .overloaded, .host, statuses: [503...503], shape: .page),
        Rule("page-timeout", .silent, .host, statuses: [408...408, 504...504, 522...524], shape: .page),
        Rule("page-limit", .throttled, .credentialModel, statuses: [429...429], shape: .page),
        Rule("page", .broken, .host, shape: .page),
    ]

    // MARK: A model named inside the request (the path is checked in code)

    static let nested = Rule(
        "nested-model", .nestedReference, .request, statuses: notServer,
        words: goneWords + ambiguousWords + ["not available", "is not supported", "invalid"],
        unless: ["temporarily"])
    private static let inside: [Rule] = []

    // MARK: Our key

    private static let credential = [
        Rule(
            "bad-key", .credential, .credential, statuses: notServer,
            codes: [
                "invalid_api_key", "authentication_error", "invalid_authentication", "unrecognizedclientexception",
                "invalidsignatureexception", "expiredtokenexception", "invalidclienttokenid",
                "incompletesignatureexception", "missingauthenticationtokenexception", "api_key_invalid",
                "unauthenticated", "invalid_api_key_error", "expired_api_key", "authenticationerror",
                "invalid_request_signature",
            ],
            words: [
                "api key not valid", "incorrect api key", "invalid api key", "invalid x-api-key", "api key expired",
                "api key is invalid", "invalid authentication", "security token included in the request is",
                "invalid subscription key", "no auth credentials", "missing api key", "api key not found",
                "provide an api key", "invalid bearer token", "api key has been", "invalid token",
                "signature we calculated", "revoked api key", "no api key", "invalid or expired",
                "authentication fails", "reported as leaked",
            ],
            unless: ["disabled", "suspended", "deactivated organization"], isEither: true)
    ]

    // MARK: The account as a whole, and its money

    private static let account = [
        Rule(
            "region", .denied, .credential, statuses: notServer, codes: ["unsupported_country_region_territory"],
            words: [
                "country, region, or territory", "user location is not supported", "not supported in your country",
                "not supported in your region", "your region is not", "not available in your country",
            ], isEither: true),
        Rule(
            "account-closed", .denied, .credential, statuses: notServer,
            codes: ["account_deactivated", "account_suspended", "organization_disabled"],
            words: [
                "organization has been disabled", "account has been suspended", "account has been disabled",
                "account has been deactivated", "account has been terminated", "account is suspended",
                "account is disabled", "account is not active", "organization has been suspended",
                "project has been denied", "project has been suspended", "account was suspended",
                "your account is currently blocked", "organization is disabled", "deactivated",
            ], unless: ["billing"], isEither: true),
        // No free tier left, or nothing of the model: a limit of none.
        Rule(
            "limit-of-zero", .withdrawn, .model, .ambiguous, statuses: [429...429],
            words: ["limit: 0,", "limit: 0.", "limit: 0 ", "limit 0,", "limit 0 ", "limit of 0 ", "limit: 0\n"]),
        Rule(
            "limit-of-zero-end", .withdrawn, .model, .ambiguous, statuses: [429...429], words: ["limit: 0"],
            unless: ["limit: 0."] + (1...9).map { "limit: 0\($0)" }),
        // Google says "quota" of a minute's requests, too.
        Rule(
            "quota-per-minute", .throttled, .credentialModel, statuses: [429...429],
            words: ["perminute", "per minute", "per_minute", "retry in", "retrydelay", "try again in", "per second"],
            unless: ["perday", "per day", "credit"], unlessCodes: ["insufficient_quota"]),
        Rule(
            "out-of-quota", .exhausted, .credential, statuses: [0...499, 503...503],
            codes: [
                "insufficient_quota", "billing_error", "billing_not_active", "billing_hard_limit_reached",
                "servicequotaexceededexception", "insufficient_balance", "credits_exhausted", "payment_required",
                "quota_exceeded", "insufficient_credits", "exceeded_current_quota_error", "insufficient_funds",
                "arrearage",
            ],
            words: [
                "exceeded your current quota", "credit balance is too low", "insufficient credit",
                "insufficient balance", "insufficient funds", "insufficient quota", "out of credits", "more credits",
                "billing hard limit", "billing problem", "billing details", "spend limit", "spending limit",
                "monthly limit", "usage limit", "exceeds the service quota", "payment required", "prepaid credits",
                "no credits", "used all available credits", "usage cap", "monthly quota",
                "account is not active, please check your billing",
                "not active, please check your billing", "balance is not enough", "credits are depleted",
                "credit limit",
            ], isEither: true),
        Rule("payment-required", .exhausted, .credential, statuses: [402...402]),
    ]

    // MARK: The request itself

    private static let request = [
        Rule(
            "parameter", .callerFault, .request, statuses: [400...400, 422...422],
            codes: [
                "unsupported_parameter", "unsupported_value", "invalid_value", "missing_required_parameter",
                "invalid_type", "unknown_parameter", "string_above_max_length", "array_above_max_length",
                "integer_below_min_value", "integer_above_max_value", "decimal_above_max_value", "invalid_json",
            ], unless: ["context length", "context window"]),
        Rule(
            "context", .tooLong, .request, statuses: notServer,
            codes: ["context_length_exceeded", "exceed_context_size_error", "request_too_large", "prompt_too_long"],
            words: [
                "prompt is too long", "maximum context length", "context length", "context window",
                "input is too long", "input token count", "maximum number of tokens allowed", "context size",
                "exceed context limit", "reduce the length", "too many input tokens", "maximum allowed input length",
                "prompt contains too many tokens", "input tokens exceed", "longer than the model", "tokens exceeds",
                "token limit", "maximum input length", "prompt too long", "input length",
            ],
            unless: ["per minute", "rate limit", "wait before", "per day", "tokens per min", "try again"],
            isEither: true),
        Rule("body-too-large", .tooLong, .request, statuses: [413...413]),
        Rule(
            "safety", .refused, .request, statuses: notServer,
            codes: [
                "content_policy_violation", "content_filter", "responsibleaipolicyviolation", "moderation_blocked",
                "safety", "prompt_blocked", "prohibited_content", "content_filter_error", "data_inspection_failed",
                "cyber_policy_violation", "guardrailinterventionexception", "content_blocked",
            ],
            words: [
                "safety system", "content management policy", "content policy", "content filter", "usage polic",
                "content filtering policy", "prohibited_content", "flagged by", "was flagged", "been flagged",
                "blocked by our", "guardrail", "moderation", "safety filter", "safety settings", "safety reasons",
                "responsible ai", "inappropriate content", "content exists risk", "acceptable use",
            ], unless: ["account has been"], isEither: true),
    ]

    // MARK: Pulled, retired, removed

    static let goneWords = [
        "deprecated", "decommissioned", "end of its life", "end of life", "end-of-life", "no longer available",
        "no longer supported", "been retired", "is retired", "was retired", "sunset", "been discontinued",
        "is discontinued", "been removed", "was removed", "been shut down", "was shut down", "been withdrawn",
        "been suspended for all", "no longer offered", "no longer exists", "no longer served", "been disabled",
        "no longer accessible", "been turned off", "been sunsetted", "been taken down", "retirement",
        "is not available. please use", "has reached its end", "been replaced by", "no longer hosted",
        "been superseded",
    ]
    static let ambiguousWords = [
        "does not exist", "doesn't exist", "not exist", "not found", "no such model", "unknown model",
        "model identifier is invalid", "invalid model", "not a valid model", "no endpoints found",
        "is not supported for generatecontent", "unrecognized model", "could not find", "unable to access model",
        "cannot find", "couldn't find", "no model named", "model is not available", "not a supported model",
        "unsupported model", "invalid model id", "model_not_found", "no allowed providers", "unable to find",
    ]
    private static let modelWords = ["model", "deployment", "engine", "claude", "gpt", "gemini", "llama", "mistral"]
    private static let passing = [
        "temporarily", "currently unavailable", "try again later", "api version", "api-version", "parameter",
        "overloaded", "at capacity",
    ]

    private static let gone = [
        // One host revokes spares that lie idle.
        Rule(
            "idle-spare", .denied, .credentialModel, statuses: notServer,
            words: ["marked by provider as legacy", "have not been actively using the model"]),
        Rule(
            "model-gone-code", .withdrawn, .model, .explicit, statuses: notServer,
            codes: [
                "model_decommissioned", "model_deprecated", "model_retired", "model_removed", "model_sunset",
                "model_discontinued", "deployment_retired", "modeldeprecated", "model_end_of_life",
                "modelretiredexception",
            ]),
        Rule(
            "model-gone", .withdrawn, .model, .explicit, statuses: notServer, words: goneWords,
            alsoWords: modelWords, unless: passing),
        Rule(
            "gone", .withdrawn, .model, .explicit, statuses: [404...404, 410...410], words: goneWords,
            unless: passing),
        // The words of 12 June 2026: no "model" in them.
        Rule(
            "not-available", .withdrawn, .model, .explicit, statuses: [404...404, 410...410],
            codes: ["not_found_error"], words: ["is not available", "is unavailable", "are not available"],
            unless: passing + ["your account", "your region", "your organization", "your plan", "for you"]),
        Rule(
            "no-access-to-model", .denied, .credentialModel, statuses: [0...499],
            words: [
                "does not have access to model", "does not have access to the model", "don't have access to the model",
                "do not have access to the model", "not have permission to", "must be verified to use",
                "not authorized to", "is not enabled for", "not available for your", "not available in your",
                "not available on your", "request access", "access to this model is restricted",
                "not allowed to access",
                "not allowed to use", "is not available to your", "has not been enabled", "gated",
            ], unless: ["does not exist", "not exist or"]),
        Rule(
            "unknown-model-code", .withdrawn, .model, .ambiguous, statuses: notServer,
            codes: [
                "model_not_found", "deploymentnotfound", "invalid_model", "model_not_available", "unknown_model",
                "model_unavailable", "modelnotfoundexception", "model_does_not_exist", "model_not_exist",
                "unsupported_model", "invalid_model_id",
            ], unless: ["temporarily", "overloaded"]),
        Rule(
            "unknown-model", .withdrawn, .model, .ambiguous, statuses: notServer, words: ambiguousWords,
            alsoWords: modelWords, unless: ["temporarily", "tool", "file", "image", "invalid url", "overloaded"]),
        Rule(
            "unknown-id", .withdrawn, .model, .ambiguous, statuses: [404...404, 410...410],
            codes: ["not_found_error", "resourcenotfoundexception"], words: ["model"]),
        Rule(
            "unknown-resource", .withdrawn, .model, .ambiguous, statuses: [404...404],
            codes: ["resourcenotfoundexception"]),
        Rule("gone-410", .withdrawn, .model, .ambiguous, statuses: [410...410]),
    ]

    // MARK: May we?

    private static let access = [
        Rule(
            "no-permission", .denied, .credentialModel, statuses: notServer,
            codes: [
                "permission_error", "accessdeniedexception", "permission_denied", "access_denied", "permissiondenied",
                "request_forbidden", "forbidden",
            ])
    ]

    // MARK: Capacity, limits, failures

    private static let capacity = [
        Rule(
            "not-ready-yet", .overloaded, .model,
            codes: [
                "modelnotreadyexception", "overloaded_error", "server_is_overloaded", "engine_overloaded",
                "model_overloaded", "overloaded", "no_capacity", "nocapacity", "engine_overloaded_error",
                "model_at_capacity", "capacity_exceeded",
            ]),
        Rule("host-unavailable", .overloaded, .host, codes: ["serviceunavailableexception"]),
        Rule(
            "no-capacity", .overloaded, .model, statuses: [0...0, 200...200, 429...429, 498...498, 500...599],
            words: [
                "overloaded", "at capacity", "capacity exceeded", "over capacity", "no capacity",
                "insufficient capacity",
                "out of capacity", "not ready to serve", "high demand", "is busy", "currently loading", "high load",
                "exceeded capacity", "enough capacity",
            ], unless: ["rate limit"]),
        Rule(
            "account-limit", .throttled, .credential, statuses: [0...499, 503...503],
            words: [
                "across all models", "for all models", "account-wide", "account-level", "organization-wide",
                "organization level", "organization-level", "entire organization", "entire account", "whole account",
                "all of your models", "all requests in this region", "account level", "for your entire",
            ], alsoWords: ["limit", "throttl", "too many"]),
        Rule(
            "rate-limit", .throttled, .credentialModel, statuses: [0...499, 503...503],
            codes: [
                "rate_limit_error", "rate_limit_exceeded", "throttlingexception", "toomanyrequestsexception",
                "resource_exhausted", "too_many_requests", "rate_limited", "rate_limit", "ratelimitexceeded",
                "throttled", "requests_per_minute", "rate_limit_reached_error", "toomanyrequests",
            ],
            words: [
                "rate limit", "too many requests", "throttl", "requests per minute", "tokens per minute", "slow down",
            ],
            isEither: true),
        Rule("status-429", .throttled, .credentialModel, statuses: [429...429]),
        Rule(
            "took-too-long", .silent, .model, statuses: [0...0, 200...200, 408...408, 424...424, 499...599],
            codes: ["modeltimeoutexception", "timeout_error", "deadline_exceeded", "timeout", "request_timeout"],
            words: ["timed out", "timeout", "took too long", "deadline exceeded", "deadline expired"], isEither: true),
        Rule("status-timeout", .silent, .model, statuses: [408...408, 504...504, 524...524]),
        Rule("status-529", .overloaded, .model, statuses: [529...529]),
        Rule("status-503", .overloaded, .model, statuses: [503...503]),
        Rule(
            "unavailable", .overloaded, .model, statuses: [0...0, 200...200, 500...599],
            codes: ["unavailable", "service_unavailable"]),
        Rule(
            "provider-failed", .broken, .model,
            codes: [
                "api_error", "server_error", "internalserverexception", "modelerrorexception", "internal_server_error",
                "modelstreamerrorexception", "internal", "internal_error", "internalfailure",
            ]),
        Rule("status-424", .broken, .model, statuses: [424...424]),
        Rule("status-52x", .broken, .host, statuses: [520...527, 530...530]),
        Rule("status-5xx", .broken, .model, statuses: [500...599]),
    ]

    // MARK: What the status alone suggests, when nothing else speaks

    private static let defaults = [
        Rule("status-401", .credential, .credential, statuses: [401...401]),
        Rule("status-403", .denied, .credentialModel, statuses: [403...403]),
        // No word of a model: more likely the address is wrong.
        Rule("status-404", .broken, .model, statuses: [404...405]),
        Rule(
            "error-in-stream", .broken, .model, positions: [.stream, .streamEnd], unlessCodes: ["invalid_request_error"]
        ),
        Rule(
            "caller", .callerFault, .request,
            codes: ["invalid_request_error", "validationexception", "invalid_argument"]),
        Rule("status-4xx", .callerFault, .request, statuses: client),
        Rule("redirect", .broken, .host, statuses: [300...399]),
    ]
}
