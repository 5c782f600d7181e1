package import Conversation
package import NIOCore
package import Wire

/// The texts of `POST /v1/responses` and of its answers.
///
/// docs/supervision-reading.md shows the same tables for people.
enum PassageTables {
    static let requests = ReadingTable(
        .user, root: "request",
        definitions: [
            ["tools", "name"], ["tools", "tools", "name"], ["input", "tools", "name"],
            ["input", "tools", "tools", "name"],
        ],
        request.merging(ItemTables.entries) { first, _ in first })

    private static let request: [String: ReadingTable.Entry] = [
        "request": .frame([
            "model": .id,
            "input": .either(.text, .turns(.entry("item"))),
            "instructions": .scoped(.system, .text),
            "tools": .scoped(.toolDefinition, .entry("tool")),
            "tool_choice": .either(.word, .entry("tool choice")),
            "text": .scoped(.system, .entry("text settings")),
            "reasoning": .entry("words"), "include": .word, "truncation": .word, "service_tier": .word,
            "user": .structural(.opaque), "safety_identifier": .structural(.opaque),
            "prompt_cache_key": .structural(.opaque), "prompt_cache_retention": .word,
            "prompt_cache_options": .entry("words"), "metadata": .text, "client_metadata": .text,
            "prompt": .entry("stored prompt"), "stream_options": .entry("words"),
            "context_management": .entry("words"), "moderation": .entry("words"), "access_programs": .entry("words"),
            "background_options": .entry("words"), "image": .entry("words"),
            "previous_response_id": .id, "conversation": .either(.id, .entry("words")),
        ]),
        "stored prompt": .part(["id": .unseen(.reference, .id), "version": .id, "variables": .entry("variables")]),
        "variables": .part([:]),
        "tool choice": .part([
            "type": .word, "name": .named, "namespace": .named, "mode": .word, "server_label": .id,
            "tools": .entry("tool choice"),
        ]),
        "item": .choice(by: "type", ItemTables.items, otherwise: .entry("message")),
        "message": .choice(
            by: "role",
            [
                "system": .scoped(.system, .entry("turn")), "developer": .scoped(.system, .entry("turn")),
                "user": .scoped(.user, .entry("turn")), "assistant": .scoped(.answer, .entry("turn")),
            ],
            // The scope that is judged most strictly.
            otherwise: .scoped(.user, .entry("turn"))),
        "turn": .frame(turn),
    ]

    static let turn: [String: Reading] = [
        "type": .word, "id": .id, "role": .word, "status": .word, "phase": .word, "content": .entry("part"),
    ]

    static let answers = ReadingTable(
        .answer, root: "answer",
        [
            "answer": .frame([
                "id": .id, "object": .word, "model": .id, "status": .word, "output": .entry("item"),
                "error": .entry("error"), "incomplete_details": .entry("words"),
                "instructions": .scoped(.system, .text), "tools": .scoped(.toolDefinition, .entry("tool")),
                "tool_choice": .either(.word, .entry("tool choice")),
                "text": .scoped(.system, .entry("text settings")), "reasoning": .entry("words"),
                "truncation": .word, "service_tier": .word, "metadata": .scoped(.user, .text),
                "user": .structural(.opaque), "safety_identifier": .structural(.opaque),
                "prompt_cache_key": .structural(.opaque), "prompt_cache_retention": .word,
                "previous_response_id": .id, "usage": .entry("counts"), "billing": .entry("counts"),
            ]),
            "counts": .part([
                "input_tokens_details": .entry("counts"), "output_tokens_details": .entry("counts"), "payer": .word,
            ]),
            "error": .part(["code": .word, "type": .word, "param": .word, "message": .text]),
            // An answer has one voice, whatever it calls itself.
            "item": .choice(by: "type", ItemTables.items, otherwise: .entry("turn")), "turn": .frame(turn),
            "tool choice": .part([
                "type": .word, "name": .named, "namespace": .named, "mode": .word, "server_label": .id,
                "tools": .entry("tool choice"),
            ]),
        ].merging(ItemTables.entries) { first, _ in first })
}

extension ResponsesDialect {
    package func passages(of document: JSONDocument, at path: CalledPath) throws(APIProblem) -> RequestPassages {
        try PassageReader.passages(of: document, by: PassageTables.requests)
    }

    package func pieces(ofAnswer document: JSONDocument) throws(UnreadableReply) -> [AnswerPiece] {
        try pieces(ofAnswer: document, to: ByteBuffer())
    }

    package func pieces(
        ofAnswer document: JSONDocument, to request: ByteBuffer
    ) throws(UnreadableReply) -> [AnswerPiece] {
        guard document.root.kind == .object else { throw UnreadableReply("the answer is not a JSON object") }
        var passages: RequestPassages
        do throws(APIProblem) {
            passages = try PassageReader.passages(ofAnswer: document, by: PassageTables.answers)
        } catch {
            throw UnreadableReply("the answer can't be judged (\(error.code ?? "unknown"))")
        }
        passages = RepeatedTexts.without(passages, of: request)
        let reason = document.root["incomplete_details"]?["reason"]
        return passages.pieces(isRefused: reason?.isString("content_filter") == true, category: nil)
    }

    /// The table by which requests are read.
    package static var requestTable: ReadingTable { PassageTables.requests }
    /// The table by which whole answers are read.
    package static var answerTable: ReadingTable { PassageTables.answers }
}
