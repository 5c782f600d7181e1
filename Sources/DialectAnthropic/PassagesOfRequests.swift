import Conversation

/// The texts of `POST /v1/messages` and of its answers.
///
/// docs/supervision-reading.md shows the same tables for people. The members
/// are those of the official client's types (anthropic 2.14, stable and beta):
/// https://github.com/anthropics/anthropic-sdk-python/tree/main/src/anthropic/types
enum PassageTables {
    static let requests = ReadingTable(
        .user, root: "request",
        definitions: [
            ["tools", "name"], ["tools", "mcp_server_name"], ["tools", "tools", "name"], ["mcp_servers", "name"],
        ],
        request.merging(settings) { first, _ in first }.merging(tools) { first, _ in first }
            .merging(blocks) { first, _ in first }.merging(serverResults) { first, _ in first })

    private static let request: [String: ReadingTable.Entry] = [
        "request": .frame([
            "model": .id,
            "messages": .turns(.entry("message")),
            "system": .scoped(.system, .entry("block")),
            "tools": .scoped(.toolDefinition, .entry("tool")),
            "tool_choice": .entry("tool choice"),
            "mcp_servers": .scoped(.toolDefinition, .entry("MCP server")),
            // Never shown to the model.
            "stop_sequences": .scoped(.system, .text),
            "metadata": .entry("metadata"),
            "thinking": .entry("thinking settings"),
            "output_config": .entry("output settings"),
            "output_format": .entry("format"),
            "context_management": .entry("context management"),
            "compaction": .entry("edit"),
            "container": .either(.unseen(.reference, .id), .entry("container")),
            "thread": .entry("thread"),
            "diagnostics": .entry("diagnostics"),
            "fallbacks": .either(.word, .entry("fallback")),
            "fallback_credit_token": .either(.structural(.token), .entry("credit")),
            "billing_policy": .entry("words"),
            "cache_control": .entry("cache mark"),
            "service_tier": .word, "speed": .word, "inference_geo": .word, "betas": .word,
            // Members of requests whose path names the model, as at Bedrock.
            "anthropic_version": .word, "anthropic_beta": .word,
            "user_profile_id": .id, "workspace_id": .id,
        ]),
        "message": .choice(
            by: "role",
            [
                "user": .scoped(.user, .entry("turn")), "assistant": .scoped(.answer, .entry("turn")),
                "system": .scoped(.system, .entry("turn")),
            ],
            // The scope that is judged most strictly.
            otherwise: .scoped(.user, .entry("turn"))),
        "turn": .frame([
            "role": .word, "content": .entry("block"), "output_config": .entry("output settings"), "clear_at": .word,
        ]),
    ]

    private static let settings: [String: ReadingTable.Entry] = [
        "metadata": .part(["user_id": .structural(.opaque)]),
        "thinking settings": .part(["type": .word, "display": .word, "block_binding": .entry("words")]),
        "output settings": .part(["effort": .word, "format": .entry("format"), "task_budget": .entry("words")]),
        "format": .part(["type": .word, "schema": .scoped(.system, .schema)]),
        "context management": .frame(["edits": .entry("edit")]),
        "edit": .part([
            "type": .word, "trigger": .entry("words"), "keep": .either(.word, .entry("words")),
            "clear_at_least": .entry("words"), "clear_tool_inputs": .named, "exclude_tools": .named,
            "instructions": .scoped(.system, .text),
        ]),
        "container": .part([
            "id": .unseen(.reference, .id), "expires_at": .id, "skills": .entry("skill"),
        ]),
        // The provider keeps the file's texts.
        "skill": .part(["type": .word, "skill_id": .unseen(.reference, .id), "version": .id]),
        "thread": .part(["type": .word, "previous_message_id": .unseen(.reference, .id)]),
        "diagnostics": .part(["previous_message_id": .id, "cache_miss_reason": .entry("words")]),
        "fallback": .part([
            "model": .id, "speed": .word, "thinking": .entry("thinking settings"),
            "output_config": .entry("output settings"),
        ]),
        "credit": .part(["token": .structural(.token), "mode": .word]),
        "cache mark": .part(["type": .word, "ttl": .word]),
        // Objects of one or a few words of enums.
        "words": .part([
            "type": .word, "mode": .word, "bill_to": .word, "prefix_mismatch_behavior": .word, "category": .word,
            "model": .id, "oversized_image": .word, "tool_id": .id,
        ]),
    ]

    private static let tools: [String: ReadingTable.Entry] = [
        "tool": .part([
            "type": .word, "name": .fixed, "description": .text, "input_schema": .schema, "input_examples": .examples,
            "cache_control": .entry("cache mark"), "caching": .entry("cache mark"), "allowed_callers": .word,
            "model": .id, "mcp_server_name": .named, "tools": .entry("tool"), "default_config": .entry("words"),
            "allowed_domains": .structural(.domain), "blocked_domains": .structural(.domain),
            "user_location": .entry("place"), "response_inclusion": .word, "url_sources": .entry("sources"),
            "citations": .entry("words"),
        ]),
        "tool choice": .part(["type": .word, "name": .named]),
        "place": .part(["type": .word, "city": .text, "region": .text, "country": .text, "timezone": .text]),
        "sources": .part([
            "client_tool_results": .entry("sources of a kind"), "server_tool_results": .entry("sources of a kind"),
            "user_input": .entry("sources of a kind"),
        ]),
        "sources of a kind": .part(["type": .word, "tools": .entry("tool name")]),
        "tool name": .part([
            "type": .word, "name": .named, "tool_name": .named, "server_name": .named,
            "cache_control": .entry("cache mark"),
        ]),
        // What its tools say is known to the provider alone.
        "MCP server": .part([
            "type": .word, "name": .fixed, "url": .unseen(.reference, .address),
            "authorization_token": .structural(.token), "tool_configuration": .entry("MCP settings"),
        ]),
        "MCP settings": .part(["allowed_tools": .named]),
    ]
}
