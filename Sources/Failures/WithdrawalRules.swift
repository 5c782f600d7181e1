/// Models that are gone, or that we may not use.
extension Rules {
    // MARK: Pulled, retired, removed

    static let goneWords = [
        "deprecated", "decommissioned", "end of its life", "end of life", "end-of-life", "no longer available",
        "no longer supported", "been retired", "is retired", "was retired", "sunset", "been discontinued",
        "is discontinued", "been removed", "was removed", "been shut down", "was shut down", "been withdrawn",
        "been suspended for all", "no longer offered", "no longer exists", "no longer served", "been disabled",
        "no longer accessible", "been turned off", "been sunsetted", "been taken down", "retirement",
        "is not available. please use", "has reached its end", "been replaced by", "no longer hosted",
        "been superseded", "model retired", "model is deprecated", "is deprecated and", "no longer be used",
        "no longer active", "no longer in service", "been deleted", "been pulled", "withdrawn", "decommission",
        "no longer maintained", "no longer provided", "is obsolete", "is now deprecated", "reached end",
        "been phased out",
    ]
    static let ambiguousWords = [
        "does not exist", "doesn't exist", "not exist", "not found", "no such model", "unknown model",
        "model identifier is invalid", "invalid model", "not a valid model", "no endpoints found",
        "is not supported for generatecontent", "unrecognized model", "could not find", "unable to access model",
        "cannot find", "couldn't find", "no model named", "model is not available", "not a supported model",
        "unsupported model", "invalid model id", "model is not supported", "model not supported",
        "not a recognized model", "on-demand throughput isn't supported", "not deployed", "model unavailable",
        "not supported by this provider", "model name is invalid", "model is unavailable", "model id is invalid",
        "no such deployment", "unknown deployment", "no provider available", "no providers available",
        "model_not_found", "no allowed providers", "unable to find",
    ]
    static let modelWords = ["model", "deployment", "engine", "claude", "gpt", "gemini", "llama", "mistral"]
    static let passing = [
        "temporarily", "currently unavailable", "try again later", "api version", "api-version", "parameter",
        "overloaded", "at capacity", "this feature", "beta header",
    ]

    static let gone = [
        // One host revokes spares that lie idle.
        Rule(
            "idle-spare", .denied, .credentialModel, statuses: notServer,
            words: ["marked by provider as legacy", "not been actively using", "use case details"]),
        // Gone for those who come now; who has it may keep it.
        Rule(
            "not-for-newcomers", .denied, .credentialModel, statuses: notServer,
            words: ["to new users", "for new users", "to new customers", "for new customers"],
            alsoWords: goneWords + ["not available"]),
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
            "not-available", .withdrawn, .model, .explicit, statuses: [0...0, 200...200, 404...404, 410...410],
            codes: ["not_found_error"], words: ["is not available", "is unavailable", "are not available"],
            unless: passing + ["your account", "your region", "your organization", "your plan", "for you"]),
        Rule(
            "no-access-to-model", .denied, .credentialModel, statuses: [0...499],
            words: [
                "does not have access to model", "does not have access to the model",
                "don't have access to the model",
                "do not have access to the model", "not have permission to", "must be verified to use",
                "not authorized to", "is not enabled for", "not available for your", "not available in your",
                "not available on your", "request access", "access to this model is restricted",
                "not allowed to access",
                "not allowed to use", "is not available to your", "has not been enabled", "gated",
                "blocked at the organization", "blocked at the project", "insufficient permission",
                "missing scopes", "you don't have access", "not have permission", "access is restricted",
                "not been granted access", "model access is denied", "you don't have permission",
                "requires approval", "channel program", "denied on resource", "not subscribed",
            ], unless: ["does not exist", "not exist or", "was not found", "firewall"]),
        Rule(
            "unknown-model-code", .withdrawn, .model, .ambiguous, statuses: notServer,
            codes: [
                "model_not_found", "deploymentnotfound", "invalid_model", "model_not_available", "unknown_model",
                "model_unavailable", "modelnotfoundexception", "model_does_not_exist", "model_not_exist",
                "unsupported_model", "invalid_model_id", "invalid_model_error", "invalid_model_name",
                "modelnotfound", "model_not_supported", "model_not_active", "deployment_not_found",
                "model_not_found_error",
            ], unless: ["temporarily", "overloaded"]),
        Rule(
            "unknown-model", .withdrawn, .model, .ambiguous, statuses: notServer, words: ambiguousWords,
            alsoWords: modelWords,
            unless: [
                "temporarily", "tool", " file", "image", "invalid url", "overloaded",
                "parameter", "required key", "cannot find field", "unknown name", "response_format",
                "specified model,",
            ]),
        // As plain as it gets, and as vague: a pull, a typo, a lost right.
        Rule(
            "model-not-available", .withdrawn, .model, .ambiguous, statuses: notServer,
            words: ["not available", "unavailable", "isn't available", "not currently available"],
            alsoWords: modelWords,
            unless: passing + [
                "your account", "your region", "your organization", "your plan", "your country", "your location",
                "your project", "your tier", "your subscription", "for you", "tool", " file", "image", "feature",
                "capacity", "busy", "moment", "later",
            ]),
        // A router's own words, and a function that serves a model.
        Rule(
            "nobody-serves-it", .withdrawn, .model, .ambiguous, statuses: [404...404],
            words: ["no endpoints found for", "not found for account"]),
        Rule(
            "unknown-id", .withdrawn, .model, .ambiguous, statuses: [404...404, 410...410],
            codes: ["not_found_error", "resourcenotfoundexception"], words: ["model"]),
        Rule(
            "unknown-resource", .withdrawn, .model, .ambiguous, statuses: [404...404],
            codes: ["resourcenotfoundexception"]),
        Rule("gone-410", .withdrawn, .model, .ambiguous, statuses: [410...410]),
    ]
}
