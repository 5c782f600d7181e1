import Conversation

/// The texts of the items that requests and answers have.
///
/// The members are those of the official client's types (openai 3.57):
/// https://github.com/openai/openai-python/tree/main/src/openai/types/responses
enum ItemTables {
    /// The entries that tell items from one another, but for messages.
    static let items: [String: Reading] = [
        "function_call": .scoped(.toolCall, .entry("call")), "custom_tool_call": .scoped(.toolCall, .entry("call")),
        "function_call_output": .scoped(.toolResult, .entry("result")),
        "custom_tool_call_output": .scoped(.toolResult, .entry("result")),
        // A signature would no longer fit.
        "reasoning": .scoped(.answer, .whole(.message, if: "encrypted_content", .entry("reasoning item"))),
        "compaction": .entry("sealed item"),
        "compaction_summary": .entry("sealed item"), "item_reference": .entry("reference"),
        "additional_tools": .scoped(.toolDefinition, .entry("loaded tools")),
        "tool_search_output": .scoped(.toolDefinition, .entry("loaded tools")),
        "tool_search_call": .scoped(.toolCall, .entry("own call")),
        "web_search_call": .scoped(.toolCall, .whole(.message, if: nil, .entry("own call"))),
        "file_search_call": .scoped(.toolCall, .whole(.message, if: nil, .entry("own call"))),
        "code_interpreter_call": .scoped(.toolCall, .whole(.message, if: nil, .entry("own call"))),
        "image_generation_call": .scoped(.toolCall, .whole(.message, if: nil, .entry("picture call"))),
        "computer_call": .scoped(.toolCall, .entry("own call")),
        "computer_call_output": .scoped(.toolResult, .entry("screen")),
        "local_shell_call": .scoped(.toolCall, .entry("own call")),
        "local_shell_call_output": .scoped(.toolResult, .entry("own result")),
        "shell_call": .scoped(.toolCall, .entry("own call")),
        "shell_call_output": .scoped(.toolResult, .entry("own result")),
        "apply_patch_call": .scoped(.toolCall, .entry("own call")),
        "apply_patch_call_output": .scoped(.toolResult, .entry("own result")),
        "mcp_list_tools": .scoped(.toolDefinition, .entry("listed tools")),
        "mcp_call": .scoped(.toolCall, .whole(.message, if: nil, .entry("own call"))),
        "mcp_approval_request": .scoped(.toolCall, .entry("own call")),
        "mcp_approval_response": .entry("approval"), "program": .scoped(.toolCall, .entry("own call")),
        "program_output": .scoped(.document, .entry("own result")),
        "configuration_update": .scoped(.system, .entry("settings item")), "compaction_trigger": .entry("words"),
    ]

    private static let identity: [String: Reading] = [
        "type": .word, "id": .id, "status": .word, "call_id": .id, "caller": .entry("words"), "execution": .word,
        "created_by": .id,
    ]

    private static func part(_ rows: [String: Reading]) -> ReadingTable.Entry {
        .part(identity.merging(rows) { $1 })
    }

    static let entries: [String: ReadingTable.Entry] = [
        "call": part(["name": .named, "namespace": .named, "arguments": .arguments, "input": .text]),
        "result": part(["name": .named, "namespace": .named, "output": .entry("part")]),
        "reasoning item": part([
            "summary": .entry("part"), "content": .entry("part"),
            "encrypted_content": .unseen(.encryptedThinking, .base64),
        ]),
        "sealed item": part(["encrypted_content": .unseen(.encryptedThinking, .base64)]),
        "reference": .part(["type": .word, "id": .unseen(.reference, .id)]),
        "loaded tools": .frame(identity.merging(["role": .word, "tools": .entry("tool")]) { $1 }),
        // A provider's own tools, and what they found.
        "own call": part([
            "name": .named, "server_label": .id, "arguments": .text, "action": .text, "actions": .text,
            "operation": .text, "code": .text, "queries": .text, "container_id": .id, "approval_request_id": .id,
            "fingerprint": .structural(.base64), "environment": .entry("words"), "error": .text,
            "output": .scoped(.document, .text), "outputs": .scoped(.document, .entry("own output")),
            "results": .scoped(.document, .text), "pending_safety_checks": .text,
        ]),
        "own result": part(["output": .entry("own output"), "result": .text]),
        "own output": .part([
            "type": .word, "logs": .text, "url": .unseen(.image, .address), "stdout": .text, "stderr": .text,
            "outcome": .entry("words"),
        ]),
        "picture call": part([
            "result": .unseen(.image, .base64), "revised_prompt": .text, "action": .word, "background": .word,
            "output_format": .word, "quality": .word, "size": .word,
        ]),
        "screen": part(["output": .entry("part"), "acknowledged_safety_checks": .text]),
        "listed tools": .frame(
            identity.merging(["server_label": .id, "error": .text, "tools": .entry("tool")]) { $1 }),
        "approval": .part(["type": .word, "id": .id, "approval_request_id": .id, "reason": .text]),
        "settings item": .part([
            "type": .word, "id": .id, "reasoning": .entry("words"), "text": .entry("text settings"),
        ]),
        "part": .choice(
            by: "type",
            [
                "input_image": .whole(.textPart("input_text"), if: nil, .entry("image")),
                "computer_screenshot": .entry("image"),
                "input_audio": .whole(.textPart("input_text"), if: nil, .entry("audio part")),
                "input_file": .scoped(.document, .whole(.textPart("input_text"), if: nil, .entry("file part"))),
            ],
            otherwise: .entry("text")),
        "text": .part([
            "type": .word, "text": .text, "refusal": .text, "annotations": .scoped(.document, .text),
            "logprobs": .tokens, "prompt_cache_breakpoint": .entry("words"),
        ]),
        "image": .part([
            "type": .word, "image_url": .unseen(.image, .address), "file_id": .unseen(.image, .id), "detail": .word,
            "prompt_cache_breakpoint": .entry("words"),
        ]),
        "audio part": .part(["type": .word, "input_audio": .entry("audio data")]),
        "audio data": .part(["data": .unseen(.audio, .base64), "format": .word]),
        "file part": .part([
            "type": .word, "file_id": .unseen(.file, .id), "filename": .text, "file_data": .unseen(.file, .data),
            "file_url": .unseen(.reference, .address), "detail": .word, "prompt_cache_breakpoint": .entry("words"),
        ]),
        "words": .part([
            "type": .word, "mode": .word, "effort": .word, "summary": .word, "generate_summary": .word,
            "context": .word, "id": .id, "caller_id": .id, "container_id": .id, "ttl": .word, "model": .id,
            "reason": .word, "cyber": .word, "completion_window": .word, "continuation_id": .id,
            "context_compression": .word, "comparison_response_id": .id, "policy": .entry("words"),
            "input": .entry("words"), "output": .entry("words"),
        ]),
        "text settings": .part(["verbosity": .word, "format": .entry("format")]),
        "format": .part(["type": .word, "name": .fixed, "description": .text, "schema": .schema]),
        "tool": .choice(by: "type", ["namespace": .entry("namespace")], otherwise: .entry("described tool")),
        "namespace": .frame(["type": .word, "name": .fixed, "description": .text, "tools": .entry("described tool")]),
        "described tool": .part([
            "type": .word, "name": .fixed, "description": .text, "parameters": .schema, "input_schema": .schema,
            "output_schema": .schema, "format": .entry("input format"), "execution": .word, "allowed_callers": .word,
            "server_label": .id, "server_url": .structural(.address), "connector_id": .id,
            "authorization": .structural(.token),
            "search_context_size": .word, "vector_store_ids": .id, "container": .either(.id, .entry("words")),
            "environment": .entry("words"), "require_approval": .either(.word, .entry("approval names")),
            "allowed_tools": .either(.named, .entry("approval names")), "size": .word, "quality": .word,
            "background": .word, "output_format": .word, "moderation": .word, "model": .id, "action": .word,
            "input_fidelity": .word, "tunnel_id": .id,
        ]),
        "approval names": .part([
            "always": .entry("approval names"), "never": .entry("approval names"), "tool_names": .named,
        ]),
        // A note would be no grammar.
        "input format": .part(["type": .word, "syntax": .word, "definition": .fixed]),
    ]
}
