/// The names of members that the events of a stream have.
extension EventPieces {
    /// Returns whether a member's value is an id or a word.
    static func isStructural(_ member: String) -> Bool { structural.contains(member) }

    private static let structural: Set<String> = [
        "type", "id", "item_id", "response_id", "object", "model", "status", "role", "phase", "call_id", "namespace",
        "execution", "reason", "code", "param", "effort", "summary", "context", "generate_summary", "verbosity", "mode",
        "truncation", "tool_choice", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
        "user", "detail", "file_id", "container_id", "approval_request_id", "server_label", "created_by", "syntax",
        "obfuscation", "previous_response_id", "search_context_size", "ttl", "include", "output_format", "quality",
        "background", "moderation", "size", "caller_id", "fingerprint", "action",
    ]

    /// The names of all members that are known: they aren't text themselves.
    static let names: Set<String> = structural.union([
        "", "sequence_number", "output_index", "content_index", "summary_index", "annotation_index",
        "partial_image_index", "command_index", "item", "part", "response", "delta", "text", "refusal", "arguments",
        "input", "output", "content", "annotations", "annotation", "logprobs", "top_logprobs", "token", "logprob",
        "bytes", "name", "created_at", "completed_at", "incomplete_details", "error", "message", "instructions",
        "metadata", "parallel_tool_calls", "temperature", "top_p", "presence_penalty", "frequency_penalty", "tools",
        "max_output_tokens", "max_tool_calls", "reasoning", "format", "schema", "strict", "description", "parameters",
        "store", "usage", "input_tokens", "input_tokens_details", "cached_tokens", "cache_write_tokens",
        "output_tokens", "output_tokens_details", "reasoning_tokens", "total_tokens", "encrypted_content", "title",
        "url", "start_index", "end_index", "index", "filename", "queries", "query", "sources", "results", "result",
        "revised_prompt", "partial_image_b64", "outputs", "logs", "commands", "command", "env", "timeout_ms",
        "operation", "path", "diff", "stdout", "stderr", "outcome", "exit_code", "image_url", "score", "attributes",
        "output_text", "conversation", "prompt", "tool_usage", "image_gen", "web_search", "num_requests", "moderation",
        "input_transformations", "prompt_cache_options", "access_programs", "image", "billing", "payer", "definition",
        "caller", "async", "actions", "max_output_length", "environment", "properties", "required",
        "additionalProperties",
    ])
}
