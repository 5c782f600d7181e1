/// Limits, capacity, failures of the provider.
extension Rules {
    // MARK: Capacity, limits, failures

    static let capacity = [
        Rule(
            "not-ready-yet", .overloaded, .model,
            codes: [
                "modelnotreadyexception", "overloaded_error", "server_is_overloaded", "slow_down", "engine_overloaded",
                "model_overloaded", "overloaded", "no_capacity", "nocapacity", "engine_overloaded_error",
                "model_at_capacity", "capacity_exceeded", "service_tier_capacity_exceeded", "model_busy",
                "unavailable_error", "server_overloaded", "model_loading",
            ]),
        Rule("host-unavailable", .overloaded, .host, codes: ["serviceunavailableexception"]),
        Rule(
            "no-capacity", .overloaded, .model, statuses: [0...0, 200...200, 429...429, 498...498, 500...599],
            words: [
                "overloaded", "at capacity", "capacity exceeded", "over capacity", "no capacity",
                "insufficient capacity",
                "out of capacity", "not ready to serve", "high demand", "is busy", "currently loading", "high load",
                "exceeded capacity", "enough capacity", "too busy", "high traffic", "loading model",
                "model is loading", "heavy load", "capacity constraint", "limited capacity", "server busy",
                "warming up",
            ], unless: ["rate limit"]),
        Rule(
            "unavailable-now", .overloaded, .model, statuses: [0...499, 503...503],
            words: ["temporarily unavailable", "currently unavailable", "temporarily overloaded"],
            unless: ["rate limit", "rate-limit"]),
        Rule(
            "account-limit", .throttled, .credential, statuses: [0...499, 503...503],
            words: [
                "across all models", "for all models", "account-wide", "account-level", "organization-wide",
                "organization level", "organization-level", "entire organization", "entire account", "whole account",
                "all of your models", "account has been throttled", "account is being throttled",
                "account is throttled", "organization is being throttled", "as a whole", "regardless of model",
                "every model", "all your requests", "organisation-wide", "account has been rate limited",
                "organization has been rate limited", "shared across models", "region-wide", "for the whole",
                "any model", "all requests in this region", "account level", "for your entire",
            ], alsoWords: ["limit", "throttl", "too many"]),
        Rule(
            "rate-limit", .throttled, .credentialModel, statuses: [0...499, 503...503],
            codes: [
                "rate_limit_error", "rate_limit_exceeded", "throttlingexception", "toomanyrequestsexception",
                "resource_exhausted", "too_many_requests", "rate_limited", "rate_limit", "ratelimitexceeded",
                "throttled", "requests_per_minute", "rate_limit_reached_error", "toomanyrequests",
                "ratelimitreached", "ratelimiterror",
            ],
            words: [
                "rate limit", "rate-limit", "ratelimit", "concurrency limit", "too many requests", "throttl",
                "requests per minute", "tokens per minute", "slow down",
            ],
            isEither: true),
        Rule("status-429", .throttled, .credentialModel, statuses: [429...429]),
        Rule(
            "took-too-long", .silent, .model, statuses: [0...0, 200...200, 408...408, 424...424, 499...599],
            codes: ["modeltimeoutexception", "timeout_error", "deadline_exceeded", "timeout", "request_timeout"],
            words: [
                "timed out", "timeout", "took too long", "deadline exceeded",
                "deadline expired",
            ], isEither: true),
        Rule("status-timeout", .silent, .model, statuses: [408...408, 504...504, 524...524]),
        Rule("status-529", .overloaded, .model, statuses: [529...529]),
        Rule("status-503", .overloaded, .model, statuses: [503...503]),
        Rule(
            "unavailable", .overloaded, .model, statuses: [0...0, 200...200, 500...599],
            codes: ["unavailable", "service_unavailable"]),
        Rule(
            "provider-failed", .broken, .model,
            codes: [
                "api_error", "server_error", "internalserverexception", "modelerrorexception",
                "internal_server_error",
                "modelstreamerrorexception", "internal", "internal_error", "internalfailure",
                "internalservererror", "upstream_error",
            ]),
        Rule("status-424", .broken, .model, statuses: [424...424]),
        Rule("status-52x", .broken, .host, statuses: [520...527, 530...530]),
        Rule("status-5xx", .broken, .model, statuses: [500...599]),
    ]
}
