import Conversation

/// The content blocks of messages, which requests and answers share.
extension PassageTables {
    static let blocks: [String: ReadingTable.Entry] = [
        "block": .choice(
            by: "type",
            [
                // Citations quote the text, and would no longer match it.
                "text": .whole(.textPart, if: "citations", .entry("text")),
                "image": .whole(.textPart, if: nil, .entry("image")),
                "document": .scoped(.document, .entry("document")),
                "search_result": .scoped(.document, .entry("search result")),
                // The block's signature is of the words as they were.
                "thinking": .whole(.textPart, if: nil, .entry("thinking")),
                "redacted_thinking": .entry("redacted thinking"),
                "tool_use": .scoped(.toolCall, .entry("tool use")),
                "server_tool_use": .scoped(.toolCall, .entry("tool use")),
                "mcp_tool_use": .scoped(.toolCall, .entry("tool use")),
                "tool_result": .scoped(.toolResult, .entry("tool result")),
                "mcp_tool_result": .scoped(.document, .entry("tool result")),
                "web_search_tool_result": .scoped(.document, .entry("search results")),
                "web_fetch_tool_result": .scoped(.document, .entry("fetched")),
                "code_execution_tool_result": .scoped(.document, .entry("server result")),
                "bash_code_execution_tool_result": .scoped(.document, .entry("server result")),
                "text_editor_code_execution_tool_result": .scoped(.document, .entry("server result")),
                "tool_search_tool_result": .scoped(.document, .entry("server result")),
                "advisor_tool_result": .scoped(.document, .entry("server result")),
                "container_upload": .entry("upload"),
                "compaction": .whole(.textPart, if: nil, .entry("compaction")),
                "tool_reference": .entry("tool name"),
                "tool_addition": .scoped(.toolDefinition, .entry("tool change")),
                "tool_removal": .scoped(.toolDefinition, .entry("tool change")),
                "mcp_tool_listing": .scoped(.toolDefinition, .entry("tool listing")),
                "browser_state": .whole(.textPart, if: nil, .entry("browser state")),
                "fallback": .entry("fallback note"),
            ],
            otherwise: .entry("other block")),
        // A kind that the table doesn't know: all but ids is judged.
        "other block": .part([
            "type": .word, "id": .id, "tool_use_id": .id, "error_code": .word, "error_message": .text,
            "cache_control": .entry("cache mark"),
        ]),
        "text": .part([
            "type": .word, "text": .text, "citations": .scoped(.document, .entry("citation")),
            "cache_control": .entry("cache mark"),
        ]),
        "citation": .part([
            "type": .word, "cited_text": .text, "document_title": .text, "title": .text, "url": .text, "source": .text,
            "encrypted_index": .structural(.base64), "file_id": .id,
        ]),
        "image": .part([
            "type": .word, "source": .entry("image source"), "transformations": .entry("words"),
            "cache_control": .entry("cache mark"),
        ]),
        "image source": .part([
            "type": .word, "media_type": .id, "data": .unseen(.image, .base64), "url": .unseen(.image, .address),
            "file_id": .unseen(.image, .id),
        ]),
        "document": .part([
            "type": .word, "title": .text, "context": .text, "source": .entry("document source"),
            "citations": .entry("words"), "cache_control": .entry("cache mark"),
        ]),
        "document source": .choice(
            by: "type",
            [
                "text": .entry("text source"), "content": .entry("content source"),
                "base64": .entry("file source"), "url": .entry("file source"), "file": .entry("file source"),
            ], otherwise: .entry("text source")),
        "text source": .part(["type": .word, "media_type": .id, "data": .text]),
        "content source": .part(["type": .word, "content": .entry("block")]),
        "file source": .part([
            "type": .word, "media_type": .id, "data": .unseen(.file, .base64), "url": .unseen(.reference, .address),
            "file_id": .unseen(.file, .id),
        ]),
        "search result": .part([
            "type": .word, "source": .text, "title": .text, "content": .entry("block"), "citations": .entry("words"),
            "cache_control": .entry("cache mark"),
        ]),
        "thinking": .part(["type": .word, "thinking": .text, "signature": .structural(.base64)]),
        "redacted thinking": .part(["type": .word, "data": .unseen(.encryptedThinking, .base64)]),
        "tool use": .part([
            "type": .word, "id": .id, "name": .named, "input": .text, "caller": .entry("words"), "server_name": .named,
            "toolset_name": .named, "cache_control": .entry("cache mark"),
        ]),
        "tool result": .part([
            "type": .word, "tool_use_id": .id, "content": .entry("block"), "toolset_name": .named,
            "cache_control": .entry("cache mark"),
        ]),
        "upload": .part(["type": .word, "file_id": .unseen(.file, .id), "cache_control": .entry("cache mark")]),
        // A summary in the place of what was said before, which may be signed.
        "compaction": .part([
            "type": .word, "content": .text, "encrypted_content": .unseen(.encryptedResult, .base64),
            "signature": .structural(.base64), "tool_changes": .entry("block"), "cache_control": .entry("cache mark"),
        ]),
        "tool change": .part(["type": .word, "tool": .entry("changed tool"), "cache_control": .entry("cache mark")]),
        "changed tool": .choice(
            by: "type", ["tool_definition": .entry("new tool")], otherwise: .entry("tool name")),
        "new tool": .part(["type": .word, "definition": .entry("tool")]),
        "tool listing": .part([
            "type": .word, "mcp_server_name": .named, "tools": .entry("tool"), "cache_control": .entry("cache mark"),
        ]),
        "browser state": .part([
            "type": .word, "tabs": .text, "state_changes": .text, "cache_control": .entry("cache mark"),
        ]),
        "fallback note": .part([
            "type": .word, "from": .entry("words"), "to": .entry("words"), "trigger": .entry("words"),
        ]),
    ]

    /// Results of the provider's own tools. One that is withheld becomes an
    /// error of its tool where a note in its strings would belie what is
    /// encrypted beside them, or be no address.
    static let serverResults: [String: ReadingTable.Entry] = [
        "search results": .part([
            "type": .word, "tool_use_id": .id, "caller": .entry("words"), "cache_control": .entry("cache mark"),
            "content": .whole(.error("web_search_tool_result_error"), if: nil, .entry("server content")),
        ]),
        "fetched": .part([
            "type": .word, "tool_use_id": .id, "caller": .entry("words"), "cache_control": .entry("cache mark"),
            "content": .whole(.error("web_fetch_tool_result_error"), if: nil, .entry("server content")),
        ]),
        "server result": .part([
            "type": .word, "tool_use_id": .id, "caller": .entry("words"), "cache_control": .entry("cache mark"),
            "content": .entry("server content"),
        ]),
        "server content": .choice(
            by: "type",
            [
                "web_search_result": .entry("found page"), "web_fetch_result": .entry("fetched page"),
                "code_execution_result": .entry("output"), "bash_code_execution_result": .entry("output"),
                "encrypted_code_execution_result": .entry("output"),
                "code_execution_output": .entry("upload"), "bash_code_execution_output": .entry("upload"),
                "text_editor_code_execution_view_result": .entry("edited file"),
                "text_editor_code_execution_create_result": .entry("edited file"),
                "text_editor_code_execution_str_replace_result": .entry("edited file"),
                "tool_search_tool_search_result": .entry("found tools"),
                "advisor_result": .entry("advice"), "advisor_redacted_result": .entry("advice"),
            ], otherwise: .entry("other block")),
        "found page": .part([
            "type": .word, "url": .text, "title": .text, "page_age": .text,
            "encrypted_content": .unseen(.encryptedResult, .base64),
        ]),
        "fetched page": .part(["type": .word, "url": .text, "retrieved_at": .id, "content": .entry("block")]),
        "output": .part([
            "type": .word, "stdout": .text, "stderr": .text, "content": .entry("server content"),
            "encrypted_stdout": .unseen(.encryptedResult, .base64),
        ]),
        "edited file": .part(["type": .word, "file_type": .word, "content": .text, "lines": .text]),
        "found tools": .part(["type": .word, "tool_references": .entry("tool name")]),
        "advice": .part([
            "type": .word, "text": .text, "stop_reason": .word,
            "encrypted_content": .unseen(.encryptedResult, .base64),
        ]),
    ]
}
