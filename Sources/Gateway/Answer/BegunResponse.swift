import NIOCore
import Wire

/// An answer whose first bytes have been looked at, and are given once more.
final class BegunResponse: LaneResponse {
    private let response: any LaneResponse
    private var first: ByteBuffer?

    init(_ response: any LaneResponse) { self.response = response }

    var head: ResponseHead { response.head }
    var wantsProgress: Bool { response.wantsProgress }
    func noteProgress() { response.noteProgress() }

    func next() async throws -> ByteBuffer? {
        if let first {
            self.first = nil
            return first
        }
        return try await response.next()
    }

    /// Whether the first line is one of an event stream: a field's, or a
    /// comment. Waits for enough of it to tell.
    func beginsLikeEvents() async throws -> Bool {
        var begun = ByteBuffer()
        defer { if begun.readableBytes > 0 { first = begun } }
        while true {
            if let isOne = Self.isEvent(begun.readableBytesView) { return isOne }
            guard begun.readableBytes < 4096, let more = try await response.next() else { return false }
            begun.writeImmutableBuffer(more)
        }
    }

    private static let fields = ["data:", "event:", "id:", "retry:", ":"]

    /// Nil while it can't be told.
    private static func isEvent(_ bytes: ByteBufferView) -> Bool? {
        let line = bytes.drop { $0 <= 0x20 || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }
        guard !line.isEmpty else { return nil }
        if fields.contains(where: { line.starts(with: $0.utf8) }) { return true }
        // So far it is the beginning of one.
        return fields.contains { $0.utf8.starts(with: line) } ? nil : false
    }
}

extension JSONView {
    /// A member `error` that says something.
    var holdsError: Bool {
        guard let error = self["error"] else { return false }
        return !error.isNull && error.kind != .false && !error.isString("")
    }

    /// The contents that an answer of either dialect has: choices, content, vectors, or a
    /// count.
    var holdsAnswer: Bool {
        if let choices = self["choices"], choices.kind == .array, !choices.isEmptyContainer { return true }
        if let content = self["content"], content.kind == .array || content.kind == .string { return true }
        if let data = self["data"], data.kind == .array { return true }
        return self["input_tokens"]?.kind == .number
    }

    /// Whether it is what a relay says instead of an answer, without calling it
    /// an error: no choices, or words and a number of its own. What else isn't
    /// known is the caller's to read.
    var isNoAnswer: Bool {
        guard !holdsAnswer else { return false }
        if let choices = self["choices"], choices.isNull || choices.isEmptyContainer && self["usage"] == nil {
            return true
        }
        for name in ["msg", "message", "detail", "status_msg", "error_msg", "base_resp"] as [StaticString] {
            if let words = self[name], !words.isNull { return true }
        }
        return false
    }

    /// Told by its bytes: a skimmed document has no index of what lies inside.
    private var isEmptyContainer: Bool {
        guard kind == .array || kind == .object, range.count < 256 else { return false }
        return fragment.bytes.readableBytesView.dropFirst().dropLast().allSatisfy { $0 <= 0x20 }
    }
}
