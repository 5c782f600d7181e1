import Wire

/// A top-level member of a chat request that the shared terms have no place
/// for, and what becomes of it where another dialect serves.
///
/// docs/dialect-openai.md shows the same table.
enum RequestMember {
    enum Fate: Equatable {
        /// The answer is still what was asked for: left out and named.
        case wish
        /// Without it the answer would be another: the candidate is passed over.
        case needed
    }

    static func fate(of name: String, _ value: JSONView) -> Fate {
        if wishes.contains(name) { return .wish }
        // A search of the web brings in what no model knows; everything else
        // that OpenRouter plugs in only helps.
        if name == "plugins" {
            let searches = value.elements.contains { $0["id"]?.isString("web") == true }
            return searches ? .needed : .wish
        }
        return .needed
    }

    static let wishes: Set<String> = Set(openAI + openRouter + liteLLM + localServers)

    /// Hints for caches and speed, tags for a dashboard, a wish for style.
    private static let openAI = [
        "store", "metadata", "service_tier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options",
        "safety_identifier", "prediction", "verbosity", "cache_control",
    ]

    /// Which models and hosts OpenRouter shall try, and how it shall account.
    /// https://openrouter.ai/docs/api-reference/parameters
    private static let openRouter = [
        "models", "provider", "route", "transforms", "usage", "include_reasoning", "session_id", "trace", "debug",
        "min_p", "top_a", "repetition_penalty", "structured_outputs", "image_config",
    ]

    /// Orders for LiteLLM's proxy around a request.
    /// https://docs.litellm.ai/docs/proxy/user_keys
    private static let liteLLM = [
        "litellm_metadata", "litellm_session_id", "litellm_trace_id", "litellm_call_id", "litellm_logging_obj", "tags",
        "num_retries", "max_retries", "fallbacks", "context_window_fallbacks", "content_policy_fallbacks",
        "context_window_fallback_dict", "timeout", "request_timeout", "stream_timeout", "drop_params",
        "allowed_openai_params", "additional_drop_params", "caching", "cache", "ttl", "no-log", "no_log", "guardrails",
        "disable_fallbacks", "mock_testing_fallbacks", "model_info", "proxy_server_request", "custom_llm_provider",
        "base_model", "deployment_id", "supports_system_message", "enable_json_schema_validation", "modify_params",
        "extra_headers", "input_cost_per_token", "output_cost_per_token", "cooldown_time", "prompt_id", "prompt_label",
        "prompt_variables",
    ]

    /// Samplers and templates of local servers. An engine that Holdfast hosts
    /// refuses its own by name, with the reason (``EngineField``).
    private static let localServers = [
        "typical_p", "tfs_z", "repeat_penalty", "repeat_last_n", "mirostat", "mirostat_tau", "mirostat_eta",
        "length_penalty", "early_stopping", "use_beam_search", "min_tokens", "skip_special_tokens",
        "spaces_between_special_tokens", "chat_template_kwargs", "enable_thinking", "thinking_budget", "keep_alive",
        "options", "num_ctx", "cache_prompt", "priority", "random_seed", "safe_prompt", "prompt_mode",
        "reasoning_split",
        "top_n_sigma", "xtc_probability", "xtc_threshold", "dynatemp_range", "dynatemp_exponent", "min_keep",
        "dry_multiplier", "dry_base", "dry_allowed_length", "dry_penalty_last_n", "dry_sequence_breakers", "samplers",
        "id_slot", "n_keep", "sse_ping_interval", "timings_per_token", "return_progress", "reasoning_format",
    ]
}
