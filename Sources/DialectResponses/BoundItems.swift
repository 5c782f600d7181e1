package import Conversation
package import NIOCore
package import Wire

extension ResponsesDialect {
    package var items: (any AnswerItems)? { BoundItems() }
    /// Codex reads it, and tells its user where it isn't the model that was
    /// asked for.
    package var modelField: String? { "openai-model" }
}

/// The items that only the provider that made them can read: encrypted
/// reasoning, and compactions.
package struct BoundItems: AnswerItems {
    package init() {}

    /// An item's members are looked at, and nothing below them.
    static let limits = JSONLimits(indexedDepth: 2)

    // MARK: The answer's id

    /// Request ids are `req_` and digits.
    package func answerID(requestID: String) -> String {
        "resp_" + (requestID.hasPrefix("req_") ? String(requestID.dropFirst(4)) : requestID)
    }

    package func naming(_ answer: ByteBuffer, _ id: String) -> ByteBuffer? {
        guard let root = (try? JSONDocument(answer, limits: .skim))?.root, let named = root["id"],
            named.kind == .string
        else { return nil }
        return Self.replacing(named, with: id, in: answer)
    }

    package func naming(_ frame: Frame, _ id: String) -> ByteBuffer? {
        guard Self.namesAnswer(frame), let document = try? JSONDocument(frame.data, limits: Self.limits),
            let type = document.root["type"]?.word, let named = document.root["response"]?["id"],
            named.kind == .string
        else { return nil }
        let data = Self.replacing(named, with: id, in: frame.data)
        var bytes = ByteBuffer(string: "event: \(Self.isPlain(type) ? type : "message")\n")
        SSEWriter.write(data: data, to: &bytes)
        // Whatever the provider would say behind it isn't waited for.
        if Self.last.contains(type) { bytes.writeStaticString("data: [DONE]\n\n") }
        return bytes
    }

    /// The events behind which nothing follows.
    private static let last: Set<String> = ["response.completed", "response.incomplete", "response.failed"]

    private static func namesAnswer(_ frame: Frame) -> Bool {
        switch frame.name {
        case "response.created", "response.queued", "response.in_progress", "response.completed",
            "response.incomplete", "response.failed":
            true
        case "": frame.data.withUnsafeReadableBytes { $0.place(of: "\"response\"") != nil }
        default: false
        }
    }

    private static func isPlain(_ word: String) -> Bool { word.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }

    private static func replacing(_ view: JSONView, with id: String, in bytes: ByteBuffer) -> ByteBuffer {
        var splices = Splices()
        splices.replace(view, with: id)
        return splices.apply(to: bytes)
    }

    // MARK: Bound items

    package func marks(inAnswer answer: ByteBuffer) -> [UInt64] {
        guard Self.mayHoldOne(answer),
            let root = (try? JSONDocument(answer, limits: .skim(indexing: "output")))?.root, let output = root["output"]
        else { return [] }
        return output.elements.compactMap(Self.mark)
    }

    package func marks(in frame: Frame) -> [UInt64] {
        guard frame.name.isEmpty || frame.name == "response.output_item.done", Self.mayHoldOne(frame.data),
            let root = (try? JSONDocument(frame.data, limits: Self.limits))?.root,
            root["type"]?.isString("response.output_item.done") == true, let item = root["item"],
            let mark = Self.mark(item)
        else { return [] }
        return [mark]
    }

    package func boundItems(in body: JSONView) -> [BoundItem] {
        guard let input = body["input"], input.kind == .array, Self.mayBeIn(input),
            let document = try? JSONDocument(input.fragment.bytes, limits: Self.limits)
        else { return [] }
        var bound: [BoundItem] = []
        for (index, item) in document.root.elements.enumerated() {
            guard Self.isBound(item) else { continue }
            bound.append(BoundItem(index: index, mark: Self.mark(item), isRecord: Self.isCompaction(item)))
        }
        return bound
    }

    /// "The encrypted content gAAA… could not be verified. Reason: Encrypted
    /// content could not be decrypted or parsed."
    package func refusesItem(_ error: ProviderError) -> Bool { error.code == "invalid_encrypted_content" }

    /// A search through the bytes, which tells most requests apart without
    /// reading them.
    static func mayBeIn(_ input: JSONView) -> Bool { mayHoldOne(input.fragment.bytes) }

    private static func mayHoldOne(_ bytes: ByteBuffer) -> Bool {
        bytes.withUnsafeReadableBytes {
            $0.place(of: "\"encrypted_content\"") != nil || $0.place(of: "\"reasoning\"") != nil
                || $0.place(of: "\"compaction") != nil
        }
    }

    private static func isCompaction(_ item: JSONView) -> Bool {
        item["type"]?.isString("compaction") == true || item["type"]?.isString("compaction_summary") == true
    }

    private static func isBound(_ item: JSONView) -> Bool {
        if isCompaction(item) { return true }
        guard ItemKind(item) == .reasoning, let encrypted = item["encrypted_content"] else { return false }
        return !encrypted.saysNothing && !OwnReasoning.isOwn(encrypted)
    }

    /// Encrypted content ends in what no other has: its last bytes tell it from
    /// all others. FNV-1a.
    private static func mark(_ item: JSONView) -> UInt64? {
        guard isBound(item), let encrypted = item["encrypted_content"], encrypted.kind == .string else { return nil }
        let bytes = encrypted.fragment.bytes
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(bytes.readableBytes)
        for byte in bytes.readableBytesView.suffix(96) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }
}
