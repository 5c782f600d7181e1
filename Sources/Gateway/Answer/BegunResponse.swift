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

    func next(until due: NIODeadline) async throws -> LanePiece {
        if let first {
            self.first = nil
            return .bytes(first)
        }
        return try await response.next(until: due)
    }

    /// Returns whether its first bytes are those of a stream of that framing.
    /// Waits for enough bytes to decide.
    func begins(like framing: Framing) async throws -> Bool {
        var begun = ByteBuffer()
        defer { if begun.readableBytes > 0 { first = begun } }
        while true {
            if let isOne = framing.isBegun(by: begun.readableBytesView) { return isOne }
            guard begun.readableBytes < 4096, let more = try await response.next() else { return false }
            begun.writeImmutableBuffer(more)
        }
    }
}

/// The members of an answer by which it is told from an error, and from what
/// a relay says in its place. One pass over the top members.
struct AnswerShape {
    /// A member `error` that says something.
    private(set) var holdsError = false
    /// The contents that an answer of some dialect has: choices, content, output,
    /// vectors, or a count.
    private(set) var holdsAnswer = false
    private var saysNothing = false
    private var hasUsage = false
    private var hasEmptyChoices = false
    private var hasWords = false

    init(_ root: JSONView) {
        for (name, value) in root.members {
            // Most names are told apart by their lengths.
            switch name.textLength {
            case 3: if name.isString("msg") { noteWords(value) }
            case 4:
                if name.isString("data"), value.kind == .array { holdsAnswer = true }
            case 5:
                if name.isString("error") {
                    holdsError = !value.isNull && value.kind != .false && !value.isString("")
                } else if name.isString("usage") {
                    hasUsage = true
                }
            case 6:
                if name.isString("detail") {
                    noteWords(value)
                } else if name.isString("output"), value.kind == .array, !value.isEmptyContainer {
                    holdsAnswer = true
                }
            case 7:
                if name.isString("choices") {
                    noteChoices(value)
                } else if name.isString("content") {
                    if value.kind == .array || value.kind == .string { holdsAnswer = true }
                } else if name.isString("message") {
                    noteWords(value)
                }
            case 9:
                if name.isString("error_msg") || name.isString("base_resp") { noteWords(value) }
            case 10: if name.isString("status_msg") { noteWords(value) }
            case 12: if name.isString("input_tokens"), value.kind == .number { holdsAnswer = true }
            default: break
            }
        }
    }

    /// True for a body that a relay sends instead of an answer without calling
    /// it an error: no choices, or words and a number of its own. All other
    /// unknown bodies are left for the caller to read.
    var isNoAnswer: Bool { !holdsAnswer && (saysNothing || hasEmptyChoices && !hasUsage || hasWords) }

    private mutating func noteChoices(_ value: JSONView) {
        if value.isNull {
            saysNothing = true
        } else if value.isEmptyContainer {
            hasEmptyChoices = true
        } else if value.kind == .array {
            holdsAnswer = true
        }
    }

    private mutating func noteWords(_ value: JSONView) { if !value.isNull { hasWords = true } }
}

extension JSONView {
    /// Told by its bytes: a skimmed document has no index of what lies inside.
    fileprivate var isEmptyContainer: Bool {
        guard kind == .array || kind == .object, range.count < 256 else { return false }
        return fragment.bytes.readableBytesView.dropFirst().dropLast().allSatisfy { $0 <= 0x20 }
    }
}
