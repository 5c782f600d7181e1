import Conversation

/// The texts of `POST /v1/chat/completions` and of its answers.
///
/// docs/supervision-reading.md shows the same tables for people. The members
/// are those of the official client's types (openai 3.57), and those that
/// servers of the same format have beside them:
/// https://github.com/openai/openai-python/tree/main/src/openai/types/chat
enum PassageTables {
    static let requests = ReadingTable(
        .user, root: "request",
        definitions: [
            ["tools", "function", "name"], ["tools", "custom", "name"], ["functions", "name"], ["tools", "name"],
        ],
        request.merging(tools) { first, _ in first }.merging(messages) { first, _ in first })

    private static let request: [String: ReadingTable.Entry] = [
        "request": .frame([
            "model": .id,
            "messages": .turns(.entry("message")),
            "tools": .scoped(.toolDefinition, .entry("tool")),
            "functions": .scoped(.toolDefinition, .entry("function")),
            "tool_choice": .either(.word, .entry("tool choice")),
            "function_call": .either(.word, .entry("tool choice")),
            "response_format": .scoped(.system, .entry("format")),
            // A draft of the answer.
            "prediction": .scoped(.answer, .entry("prediction")),
            // Never shown to the model.
            "stop": .scoped(.system, .text),
            "user": .structural(.opaque), "safety_identifier": .structural(.opaque),
            "prompt_cache_key": .structural(.opaque),
            "metadata": .text,
            "logit_bias": .keys(.digits),
            "modalities": .word, "audio": .entry("voice"), "reasoning_effort": .word, "service_tier": .word,
            "verbosity": .word, "prompt_cache_retention": .word, "prompt_cache_options": .entry("words"),
            "stream_options": .entry("words"), "reasoning": .entry("words"), "thinking": .entry("words"),
            "web_search_options": .entry("search settings"), "moderation": .entry("words"),
            "cache_control": .entry("words"),
            // Of other servers of the format: templates are instructions.
            "chat_template": .scoped(.system, .text), "chat_template_kwargs": .scoped(.system, .text),
            "models": .id,
        ]),
        "words": .part([
            "type": .word, "ttl": .word, "mode": .word, "effort": .word, "summary": .word, "level": .word,
            "model": .id,
        ]),
        "voice": .part(["format": .word, "voice": .either(.word, .entry("voice id"))]),
        "voice id": .part(["id": .id]),
        "format": .part(["type": .word, "json_schema": .entry("answer schema"), "schema": .schema]),
        "answer schema": .part(["name": .fixed, "description": .text, "schema": .schema]),
        "prediction": .part(["type": .word, "content": .entry("part")]),
        "search settings": .part(["search_context_size": .word, "user_location": .entry("place")]),
        "place": .part([
            "type": .word, "approximate": .entry("place"), "city": .text, "region": .text, "country": .text,
            "timezone": .text,
        ]),
    ]

    private static let tools: [String: ReadingTable.Entry] = [
        "tool": .part([
            "type": .word, "function": .entry("function"), "custom": .entry("custom tool"),
            "cache_control": .entry("words"),
            // As Responses has it.
            "name": .fixed, "description": .text, "parameters": .schema,
        ]),
        "function": .part(["name": .fixed, "description": .text, "parameters": .schema]),
        "custom tool": .part(["name": .fixed, "description": .text, "format": .entry("input format")]),
        "input format": .part(["type": .word, "grammar": .entry("grammar")]),
        // A note would be no grammar.
        "grammar": .part(["syntax": .word, "definition": .fixed]),
        "tool choice": .part([
            "type": .word, "function": .entry("tool choice"), "custom": .entry("tool choice"), "name": .named,
            "mode": .word, "allowed_tools": .entry("tool choice"), "tools": .entry("tool choice"),
        ]),
    ]

    static let messages: [String: ReadingTable.Entry] = [
        "message": .choice(
            by: "role",
            [
                "system": .scoped(.system, .entry("turn")), "developer": .scoped(.system, .entry("turn")),
                "user": .scoped(.user, .entry("turn")), "assistant": .scoped(.answer, .entry("turn")),
                "tool": .scoped(.toolResult, .entry("turn")), "function": .scoped(.toolResult, .entry("result turn")),
            ],
            // The scope that is judged most strictly.
            otherwise: .scoped(.user, .entry("turn"))),
        "turn": .frame(turn.merging(["name": .fixed]) { first, _ in first }),
        // The name of a function, and not of a person.
        "result turn": .frame(turn.merging(["name": .named]) { first, _ in first }),
        "call": .part([
            "id": .id, "type": .word, "function": .entry("called function"), "custom": .entry("called function"),
        ]),
        "called function": .part(["name": .named, "arguments": .arguments, "input": .text]),
        "audio": .part([
            "id": .unseen(.audio, .id), "data": .unseen(.audio, .base64), "format": .word, "transcript": .text,
        ]),
        "annotation": .part(["type": .word, "url_citation": .text]),
        "part": .choice(
            by: "type",
            [
                "text": .entry("text"), "input_text": .entry("text"), "output_text": .entry("text"),
                "refusal": .entry("text"), "thinking": .entry("thought"), "reasoning": .entry("thought"),
                "image_url": .whole(.textPart, if: nil, .entry("image")),
                "input_image": .whole(.textPart, if: nil, .entry("image")),
                "input_audio": .whole(.textPart, if: nil, .entry("audio part")),
                "audio_url": .whole(.textPart, if: nil, .entry("audio part")),
                "video_url": .whole(.textPart, if: nil, .entry("video")),
                "file": .scoped(.document, .whole(.textPart, if: nil, .entry("file part"))),
                "input_file": .scoped(.document, .whole(.textPart, if: nil, .entry("file part"))),
            ],
            otherwise: .entry("text")),
        "text": .part([
            "type": .word, "text": .text, "refusal": .text, "annotations": .scoped(.document, .text),
            "cache_control": .entry("words"), "prompt_cache_breakpoint": .entry("words"),
        ]),
        "thought": .part([
            "type": .word, "thinking": .entry("part"), "reasoning": .text, "text": .text, "summary": .text,
            "data": .unseen(.encryptedThinking, .base64), "signature": .structural(.base64), "format": .word,
            "id": .id,
        ]),
        "image": .part([
            "type": .word, "image_url": .either(.unseen(.image, .address), .entry("image address")), "detail": .word,
            "file_id": .unseen(.image, .id), "cache_control": .entry("words"),
            "prompt_cache_breakpoint": .entry("words"),
        ]),
        "image address": .part(["url": .unseen(.image, .address), "detail": .word, "media_type": .id]),
        "audio part": .part([
            "type": .word, "input_audio": .entry("audio data"), "audio_url": .entry("audio data"),
            "cache_control": .entry("words"), "prompt_cache_breakpoint": .entry("words"),
        ]),
        "audio data": .part([
            "data": .unseen(.audio, .base64), "format": .word, "url": .unseen(.audio, .address),
        ]),
        "video": .part(["type": .word, "video_url": .entry("video address"), "cache_control": .entry("words")]),
        "video address": .part(["url": .unseen(.file, .address)]),
        "file part": .part([
            "type": .word, "file": .entry("file data"), "file_id": .unseen(.file, .id), "filename": .text,
            "file_data": .unseen(.file, .data), "file_url": .unseen(.reference, .address),
            "cache_control": .entry("words"), "prompt_cache_breakpoint": .entry("words"),
        ]),
        "file data": .part([
            "file_id": .unseen(.file, .id), "file_data": .unseen(.file, .data), "filename": .text,
        ]),
    ]

    private static let turn: [String: Reading] = [
        "role": .word, "content": .entry("part"), "refusal": .text, "tool_call_id": .id,
        "tool_calls": .scoped(.toolCall, .entry("call")),
        "function_call": .scoped(.toolCall, .entry("called function")),
        "audio": .entry("audio"), "reasoning_content": .text, "reasoning": .text,
        "reasoning_details": .entry("thought"),
        "annotations": .scoped(.document, .entry("annotation")), "cache_control": .entry("words"),
        "images": .entry("image"),
    ]
}
