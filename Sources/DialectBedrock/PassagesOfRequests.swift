import Conversation

/// The texts of Converse requests and answers.
///
/// docs/supervision-reading.md shows the same tables for people. The members
/// are those of botocore's model of the service (1.43.11 and 1.44.8).
enum PassageTables {
    static let requests = ReadingTable(
        .user, root: "request",
        definitions: [["toolConfig", "tools", "toolSpec", "name"], ["toolConfig", "tools", "systemTool", "name"]],
        request.merging(blocks) { first, _ in first })

    private static let request: [String: ReadingTable.Entry] = [
        "request": .frame([
            "messages": .turns(.entry("message")),
            "system": .scoped(.system, .entry("block")),
            "inferenceConfig": .entry("inference"),
            "toolConfig": .entry("tools"),
            "guardrailConfig": .entry("guardrail"),
            // A maker's own parameters, of which a model may be shown any.
            "additionalModelRequestFields": .scoped(.system, .entry("model fields")),
            "promptVariables": .text,
            // Paths into the answer.
            "additionalModelResponseFieldPaths": .id,
            // Never shown to the model.
            "requestMetadata": .scoped(.system, .text),
            "performanceConfig": .entry("words"), "serviceTier": .entry("words"), "projectIdentifier": .id,
            "outputConfig": .entry("output"),
        ]),
        "message": .choice(
            by: "role",
            [
                "user": .scoped(.user, .entry("turn")), "assistant": .scoped(.answer, .entry("turn")),
                "system": .scoped(.system, .entry("turn")),
            ],
            // The scope that is judged most strictly.
            otherwise: .scoped(.user, .entry("turn"))),
        "turn": .frame(["role": .word, "content": .entry("block")]),
        // Never shown to the model.
        "inference": .part(["stopSequences": .scoped(.system, .text)]),
        "tools": .frame(["tools": .scoped(.toolDefinition, .entry("tool")), "toolChoice": .entry("tool choice")]),
        "tool": .frame([
            "toolSpec": .entry("tool spec"), "systemTool": .entry("system tool"), "cachePoint": .entry("words"),
        ]),
        "tool spec": .part(["name": .fixed, "description": .text, "inputSchema": .entry("tool schema")]),
        "tool schema": .part(["json": .schema]),
        "system tool": .part(["name": .fixed]),
        "tool choice": .part(["auto": .entry("words"), "any": .entry("words"), "tool": .entry("chosen tool")]),
        "chosen tool": .part(["name": .named]),
        "guardrail": .part([
            "guardrailIdentifier": .id, "guardrailVersion": .word, "trace": .word, "streamProcessingMode": .word,
        ]),
        "model fields": .frame([
            "thinking": .entry("words"), "reasoning_config": .entry("words"), "reasoningConfig": .entry("words"),
            "reasoning_effort": .word, "output_config": .entry("model output"), "anthropic_beta": .word,
        ]),
        "model output": .part(["effort": .word]),
        "output": .part(["textFormat": .scoped(.system, .entry("format")), "effort": .word]),
        "format": .part(["type": .word, "structure": .entry("structure")]),
        "structure": .part(["jsonSchema": .entry("schema")]),
        // JSON in a string.
        "schema": .part(["schema": .arguments, "name": .fixed, "description": .text]),
        "words": .part([
            "type": .word, "ttl": .word, "latency": .word, "display": .word, "maxReasoningEffort": .word,
        ]),
    ]

    /// The content blocks of messages, which requests and answers share: unions,
    /// each with one member.
    static let blocks: [String: ReadingTable.Entry] = [
        // The block's signature, or its citations, are of the words as they were.
        "block": .choice(
            by: "type", [:],
            otherwise: .whole(
                .bareText, if: "reasoningContent", .whole(.bareText, if: "citationsContent", .entry("one of"))
            )),
        "one of": .frame([
            "text": .text, "image": .entry("image"), "document": .scoped(.document, .entry("document")),
            "video": .entry("film"), "audio": .entry("sound"),
            "toolUse": .scoped(.toolCall, .entry("tool use")),
            "toolResult": .scoped(.toolResult, .entry("tool result")),
            "guardContent": .entry("guarded"), "cachePoint": .entry("words"),
            "reasoningContent": .entry("thinking"),
            "citationsContent": .entry("cited"),
            "searchResult": .scoped(.document, .entry("search result")),
            "toolAddition": .scoped(.toolDefinition, .entry("tool change")),
            "toolRemoval": .scoped(.toolDefinition, .entry("tool change")),
        ]),
        "tool change": .part(["tool": .entry("tool reference")]),
        "tool reference": .part(["type": .word, "name": .named, "serverName": .named]),
        "image": .part(["format": .word, "source": .entry("image source"), "error": .text]),
        "image source": .part(["bytes": .unseen(.image, .base64), "s3Location": .entry("image place")]),
        "image place": .part(["uri": .unseen(.image, .id), "bucketOwner": .id]),
        "document": .part([
            "format": .word, "name": .text, "source": .entry("document source"), "context": .text,
            "citations": .entry("words"),
        ]),
        "document source": .part([
            "bytes": .unseen(.file, .base64), "s3Location": .entry("place"), "text": .text,
            "content": .entry("block"),
        ]),
        "place": .part(["uri": .unseen(.reference, .id), "bucketOwner": .id]),
        "film": .part(["format": .word, "source": .entry("film source"), "error": .text]),
        "film source": .part(["bytes": .unseen(.file, .base64), "s3Location": .entry("place")]),
        "sound": .part(["format": .word, "source": .entry("sound source"), "error": .text]),
        "sound source": .part(["bytes": .unseen(.audio, .base64), "s3Location": .entry("place")]),
        "tool use": .part(["toolUseId": .id, "name": .named, "input": .text, "type": .word]),
        "tool result": .part([
            "toolUseId": .id, "content": .entry("result block"), "status": .word, "type": .word,
        ]),
        "result block": .frame([
            "json": .text, "text": .text, "image": .entry("image"), "document": .entry("document"),
            "video": .entry("film"), "searchResult": .entry("search result"),
        ]),
        "guarded": .frame(["text": .entry("guarded text"), "image": .entry("image")]),
        "guarded text": .part(["text": .text, "qualifiers": .word]),
        "thinking": .part([
            "reasoningText": .entry("reasoning text"), "redactedContent": .unseen(.encryptedThinking, .base64),
        ]),
        "reasoning text": .part(["text": .text, "signature": .structural(.base64)]),
        "cited": .part(["content": .entry("block"), "citations": .scoped(.document, .entry("citation"))]),
        "citation": .part([
            "title": .text, "source": .text, "sourceContent": .entry("block"), "location": .text,
        ]),
        "search result": .part([
            "source": .text, "title": .text, "content": .entry("block"), "citations": .entry("words"),
        ]),
    ]
}
