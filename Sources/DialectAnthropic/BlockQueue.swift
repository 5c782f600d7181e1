import Conversation
import NIOCore
import Wire

/// The content blocks of a streamed answer, strictly one after the other.
///
/// Only the first block in the queue is on the wire; fragments for it go out
/// as they come. A later block waits while an earlier tool call is
/// unfinished: other dialects may interleave the fragments of parallel calls,
/// Anthropic's can't.
struct BlockQueue {
    enum Kind: Equatable {
        case text
        case thinking
        case redactedThinking(String)
        /// A tool call.
        /// - Parameter call: The call's number in the shared terms.
        case toolUse(call: Int, id: String, name: String)
    }

    private enum Piece {
        case text(String)
        case signature(String)
    }

    private struct Block {
        var kind: Kind
        /// Pieces that wait for the block's turn.
        var waiting: [Piece] = []
        var progress = ArgumentsProgress()
        /// Nothing more will come: what follows opens another block.
        var isSealed = false

        /// True when the next block may begin.
        var canClose: Bool {
            switch kind {
            case .toolUse: progress.isComplete
            default: true
            }
        }
    }

    private var blocks: [Block] = []
    /// The index on the wire of the first block in `blocks`.
    private var index = 0
    private var hasOpened = false
    private var calls: Set<Int> = []
    /// White space that no word has followed yet.
    private var blank = ""

    // MARK: What comes in

    /// White space at a block's beginning waits for a word: Anthropic refuses
    /// a block of white space alone when it comes back.
    mutating func text(_ text: String, to bytes: inout ByteBuffer) {
        guard !text.isEmpty else { return }
        let continues = blocks.last?.kind == .text && blocks.last?.isSealed == false
        if !continues, text.isBlank {
            blank += text
            return
        }
        let words = continues ? text : takeBlank() + text
        append(.text(words), toBlockOf: .text, to: &bytes)
    }

    private mutating func takeBlank() -> String {
        defer { blank = "" }
        return blank
    }

    mutating func thinking(_ text: String, to bytes: inout ByteBuffer) {
        guard !text.isEmpty else { return }
        append(.text(text), toBlockOf: .thinking, to: &bytes)
    }

    /// Ends the thinking before it; alone, it stands for thinking that isn't
    /// shown.
    mutating func signature(_ signature: String, to bytes: inout ByteBuffer) {
        append(.signature(signature), toBlockOf: .thinking, to: &bytes)
        blocks[blocks.count - 1].isSealed = true
    }

    mutating func redactedThinking(_ data: String, to bytes: inout ByteBuffer) {
        begin(.redactedThinking(data), to: &bytes)
        blocks[blocks.count - 1].isSealed = true
    }

    /// A call that has begun already doesn't begin again.
    mutating func toolCall(_ call: Int, id: String, name: String, to bytes: inout ByteBuffer) {
        guard calls.insert(call).inserted else { return }
        begin(.toolUse(call: call, id: id, name: name), to: &bytes)
    }

    /// A fragment for a call that has not begun, or whose arguments were
    /// complete when the next block began, has no place and is passed over.
    mutating func arguments(_ fragment: String, of call: Int, to bytes: inout ByteBuffer) {
        guard !fragment.isEmpty,
            let position = blocks.lastIndex(where: {
                if case .toolUse(call, _, _) = $0.kind { true } else { false }
            })
        else { return }
        blocks[position].progress.consume(fragment)
        put(.text(fragment), at: position, to: &bytes)
        advance(to: &bytes)
    }

    /// Nothing more comes for the last block but what waits.
    mutating func sealLast(to bytes: inout ByteBuffer) {
        blank = ""
        guard !blocks.isEmpty else { return }
        blocks[blocks.count - 1].isSealed = true
        if blocks.count == 1, hasOpened, blocks[0].canClose { close(to: &bytes) }
    }

    /// Closes every block: nothing more will come for any of them.
    mutating func finish(to bytes: inout ByteBuffer) {
        while !blocks.isEmpty {
            if !hasOpened { open(to: &bytes) }
            close(to: &bytes)
        }
    }

    // MARK: The queue

    private mutating func append(_ piece: Piece, toBlockOf kind: Kind, to bytes: inout ByteBuffer) {
        if blocks.last?.kind != kind || blocks.last?.isSealed == true { begin(kind, to: &bytes) }
        put(piece, at: blocks.count - 1, to: &bytes)
    }

    private mutating func begin(_ kind: Kind, to bytes: inout ByteBuffer) {
        blank = ""
        blocks.append(Block(kind: kind))
        advance(to: &bytes)
    }

    private mutating func put(_ piece: Piece, at position: Int, to bytes: inout ByteBuffer) {
        if position == 0, hasOpened {
            write(piece, to: &bytes)
        } else {
            blocks[position].waiting.append(piece)
        }
    }

    /// Opens the first block; closes it where it may and another waits.
    private mutating func advance(to bytes: inout ByteBuffer) {
        while !blocks.isEmpty {
            if !hasOpened { open(to: &bytes) }
            guard blocks.count > 1, blocks[0].canClose else { return }
            close(to: &bytes)
        }
    }

    // MARK: What goes out

    private mutating func open(to bytes: inout ByteBuffer) {
        hasOpened = true
        bytes.writeStaticString("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":")
        bytes.writeString(String(index))
        bytes.writeStaticString(",\"content_block\":")
        switch blocks[0].kind {
        case .text: bytes.writeStaticString("{\"type\":\"text\",\"text\":\"\"}")
        case .thinking: bytes.writeStaticString("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
        case .redactedThinking(let data):
            bytes.writeStaticString("{\"type\":\"redacted_thinking\",\"data\":")
            JSONString.append(data, to: &bytes)
            bytes.writeStaticString("}")
        case .toolUse(_, let id, let name):
            bytes.writeStaticString("{\"type\":\"tool_use\",\"id\":")
            JSONString.append(CallIDForm.anthropic.write(id), to: &bytes)
            bytes.writeStaticString(",\"name\":")
            JSONString.append(name, to: &bytes)
            bytes.writeStaticString(",\"input\":{}}")
        }
        bytes.writeStaticString("}\n\n")
        let waiting = blocks[0].waiting
        blocks[0].waiting = []
        for piece in waiting { write(piece, to: &bytes) }
    }

    private mutating func close(to bytes: inout ByteBuffer) {
        // A call without arguments is a call with none: readers that parse
        // the joined fragments need an object there.
        if case .toolUse = blocks[0].kind, blocks[0].progress.isBlank { write(.text("{}"), to: &bytes) }
        bytes.writeStaticString("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":")
        bytes.writeString(String(index))
        bytes.writeStaticString("}\n\n")
        blocks.removeFirst()
        index += 1
        hasOpened = false
    }

    private func write(_ piece: Piece, to bytes: inout ByteBuffer) {
        bytes.writeStaticString("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":")
        bytes.writeString(String(index))
        switch piece {
        case .text(let text):
            switch blocks[0].kind {
            case .toolUse: bytes.writeStaticString(",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":")
            case .thinking: bytes.writeStaticString(",\"delta\":{\"type\":\"thinking_delta\",\"thinking\":")
            default: bytes.writeStaticString(",\"delta\":{\"type\":\"text_delta\",\"text\":")
            }
            JSONString.append(text, to: &bytes)
        case .signature(let signature):
            bytes.writeStaticString(",\"delta\":{\"type\":\"signature_delta\",\"signature\":")
            JSONString.append(signature, to: &bytes)
        }
        bytes.writeStaticString("}}\n\n")
    }
}
