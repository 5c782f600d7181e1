/// A field that llama.cpp's server reads from a request, and what becomes of
/// it on the way from a caller: the whole allow-list, as one table.
///
/// It is an allow-list by construction: ``ChatRequestWriter`` and
/// ``EngineDialect/encodeEmbeddings(_:model:dropped:)`` write a request anew,
/// member by member, and nothing that a caller sent is copied. The tests hold
/// them to this table. What isn't in it at all is refused as unknown.
///
/// The fields are those of `tools/server`: `server-schema.cpp` (completion
/// and sampling), `oaicompat_chat_params_parse` (chat), README.md.
///
/// https://github.com/ggml-org/llama.cpp/tree/master/tools/server
package struct EngineField: Sendable, Hashable {
    package enum Fate: Sendable, Hashable {
        /// Written into the engine's request, by those rules.
        case sent(String)
        /// Never; the end of a sentence that begins with the field.
        case withheld(String)
    }

    package var name: String
    package var fate: Fate

    private init(_ name: String, _ fate: Fate) {
        self.name = name
        self.fate = fate
    }

    package static func named(_ name: String) -> EngineField? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: chat.map { ($0.name, $0) })

    // MARK: The tables

    /// Of `/v1/chat/completions`.
    package static let chat: [EngineField] =
        sent.map { EngineField($0.0, .sent($0.1)) }
        + withheld.flatMap { reason, names in names.map { EngineField($0, .withheld(reason)) } }

    /// All of `/v1/embeddings` that is sent.
    package static let embeddings = ["model", "input", "encoding_format"]

    private static let sent: [(String, String)] = [
        ("model", "the settings' name of it"),
        ("messages", "roles, text, calls and their results, written anew"),
        ("tools", "name, description, parameters, strict"),
        ("tool_choice", "`auto`, `none`, `required`"),
        ("parallel_tool_calls", "true or false"),
        ("response_format", "text, any JSON object, a JSON Schema"),
        ("max_tokens", "not negative"),
        ("temperature", "a number"),
        ("top_p", "a number; beside a schema or tools in steps of 0.05"),
        ("top_k", "a whole number"),
        ("frequency_penalty", "a number"),
        ("presence_penalty", "a number"),
        ("seed", "another one that is made of the caller's and of the whole request"),
        ("stop", "texts"),
        ("n", "1 to `parallel`"),
        ("logprobs", "only true"),
        ("top_logprobs", "always 5, whatever fewer the caller is told"),
        ("logit_bias", "token numbers and numbers"),
        ("stream", "only true"),
        ("stream_options", "only `include_usage`, true"),
    ]

    private static let withheld: [(String, [String])] = [
        (
            "would tell more of what the model computes than its answer; `logprobs` is all there is, where a key has it",
            [
                "n_probs", "post_sampling_probs", "return_tokens", "echo", "verbose", "response_fields",
                "timings_per_token", "return_progress",
            ]
        ),
        (
            "would steer single tokens, by which a model's weights can be measured; use response_format",
            ["grammar", "grammar_type", "grammar_lazy", "grammar_triggers", "json_schema", "preserved_tokens"]
        ),
        (
            "is a sampler's setting that no other provider knows, and another way to measure a model; use temperature, "
                + "top_p or top_k",
            [
                "samplers", "min_p", "typical_p", "top_n_sigma", "xtc_probability", "xtc_threshold", "dynatemp_range",
                "dynatemp_exponent", "repeat_last_n", "repeat_penalty", "dry_multiplier", "dry_base",
                "dry_allowed_length", "dry_penalty_last_n", "dry_sequence_breakers", "mirostat", "mirostat_tau",
                "mirostat_eta", "adaptive_target", "adaptive_decay", "min_keep", "backend_sampling", "ignore_eos",
                "speculative.n_max", "speculative.n_min", "speculative.p_min", "speculative.type",
                "speculative.ngram_size_n", "speculative.ngram_size_m", "speculative.ngram_min_hits",
            ]
        ),
        (
            "reaches into the engine's memory, which requests share; leave it out",
            ["id_slot", "cache_prompt", "n_cache_reuse", "n_keep", "n_discard", "lora", "sse_ping_interval"]
        ),
        ("is another name of max_tokens here; use that", ["n_predict"]),
        ("is another name of n here; use that", ["n_cmpl"]),
        (
            "is a limit that only this engine has; use max_tokens or stop",
            ["n_indent", "t_max_prompt_ms", "t_max_predict_ms"]
        ),
        (
            "would go around the model's own template, which is pinned; use messages",
            [
                "prompt", "input_prefix", "input_suffix", "input_extra", "add_generation_prompt", "generation_prompt",
                "continue_final_message", "chat_template", "chat_template_kwargs", "chat_format", "chat_parser",
                "parse_tool_calls", "force_pure_content", "thinking_forced_open", "enable_thinking", "reasoning_format",
                "reasoning_control", "reasoning_budget_tokens", "reasoning_budget_start_tag",
                "reasoning_budget_end_tag", "reasoning_budget_end_tags", "reasoning_budget_message",
                "thinking_budget_tokens", "multimodal_data",
            ]
        ),
    ]
}
