import Conversation
import NIOCore
import Wire

/// The content blocks of a streamed answer, strictly one after the other.
///
/// Only the first block in the queue is on the wire; fragments for it go out
/// as they come. A later block waits while an earlier tool call is unfinished:
/// other dialects may interleave the fragments of parallel calls, Bedrock's
/// can't. A text begins with its first words: only calls have a
/// `contentBlockStart`.
struct ConverseBlockQueue {
    private enum Kind: Equatable {
        case text
        case thinking
        case redactedThinking
        /// - Parameter call: The call's number in the shared terms.
        case toolUse(call: Int, id: String, name: String)

        func isCall(_ number: Int) -> Bool { if case .toolUse(number, _, _) = self { true } else { false } }
    }

    private enum Delta {
        case text(String)
        case thinking(String)
        case signature(String)
        case redacted(String)
        case input(String)
    }

    private struct Block {
        var kind: Kind
        /// Deltas that wait for the block's turn.
        var waiting: [Delta] = []
        var progress = ArgumentsProgress()
        /// Nothing more will come: what follows opens another block.
        var isSealed = false

        /// True when the next block may begin.
        var canClose: Bool { if case .toolUse = kind { progress.isComplete } else { true } }
    }

    private var blocks: [Block] = []
    /// The index on the wire of the first block in `blocks`.
    private var index = 0
    private var isOpen = false
    private var calls: Set<Int> = []
    /// White space that no word has followed yet.
    private var blank = ""

    // MARK: What comes in

    /// White space at a block's beginning waits for a word: Bedrock refuses a
    /// block of white space alone when it comes back.
    mutating func text(_ text: String, to bytes: inout ByteBuffer) {
        guard !text.isEmpty else { return }
        if continues(.text) { return put(.text(text), to: &bytes) }
        guard !text.isBlank else {
            blank += text
            return
        }
        let words = blank + text
        begin(.text, to: &bytes)
        put(.text(words), to: &bytes)
    }

    mutating func thinking(_ text: String, to bytes: inout ByteBuffer) {
        guard !text.isEmpty else { return }
        if !continues(.thinking) { begin(.thinking, to: &bytes) }
        put(.thinking(text), to: &bytes)
    }

    /// Ends the thinking before it; alone, it stands for thinking that isn't
    /// shown.
    mutating func signature(_ signature: String, to bytes: inout ByteBuffer) {
        if !continues(.thinking) { begin(.thinking, to: &bytes) }
        put(.signature(signature), to: &bytes)
        blocks[blocks.count - 1].isSealed = true
    }

    mutating func redactedThinking(_ data: String, to bytes: inout ByteBuffer) {
        begin(.redactedThinking, to: &bytes)
        put(.redacted(OpaqueBlob.write(data)), to: &bytes)
        blocks[blocks.count - 1].isSealed = true
    }

    /// A call that has begun already doesn't begin again.
    mutating func toolCall(_ call: Int, id: String, name: String, to bytes: inout ByteBuffer) {
        guard calls.insert(call).inserted else { return }
        begin(.toolUse(call: call, id: id, name: name), to: &bytes)
    }

    /// A fragment for a call that has not begun, or that is closed, has no
    /// place and is passed over.
    mutating func arguments(_ fragment: String, of call: Int, to bytes: inout ByteBuffer) {
        guard !fragment.isEmpty, let position = blocks.lastIndex(where: { $0.kind.isCall(call) }) else { return }
        blocks[position].progress.consume(fragment)
        if position == 0, isOpen {
            write(.input(fragment), to: &bytes)
        } else {
            blocks[position].waiting.append(.input(fragment))
        }
        advance(to: &bytes)
    }

    /// Nothing more comes for the last block but what waits.
    mutating func sealLast(to bytes: inout ByteBuffer) {
        blank = ""
        guard !blocks.isEmpty else { return }
        blocks[blocks.count - 1].isSealed = true
        if blocks.count == 1, isOpen, blocks[0].canClose { close(to: &bytes) }
    }

    /// Closes every block: nothing more will come for any of them.
    mutating func finish(to bytes: inout ByteBuffer) {
        while !blocks.isEmpty {
            if !isOpen { open(to: &bytes) }
            close(to: &bytes)
        }
    }

    // MARK: The queue

    private func continues(_ kind: Kind) -> Bool { blocks.last.map { $0.kind == kind && !$0.isSealed } ?? false }

    private mutating func begin(_ kind: Kind, to bytes: inout ByteBuffer) {
        blank = ""
        blocks.append(Block(kind: kind))
        advance(to: &bytes)
    }

    /// Adds to the last block.
    private mutating func put(_ delta: Delta, to bytes: inout ByteBuffer) {
        if blocks.count == 1, isOpen {
            write(delta, to: &bytes)
        } else {
            blocks[blocks.count - 1].waiting.append(delta)
        }
    }

    /// Opens the first block; closes it where it may and another waits.
    private mutating func advance(to bytes: inout ByteBuffer) {
        while !blocks.isEmpty {
            if !isOpen { open(to: &bytes) }
            guard blocks.count > 1, blocks[0].canClose else { return }
            close(to: &bytes)
        }
    }

    // MARK: What goes out

    private mutating func open(to bytes: inout ByteBuffer) {
        isOpen = true
        if case .toolUse(_, let id, let name) = blocks[0].kind {
            ConverseEventKind.write(ConverseEventKind.blockStart, to: &bytes) { json in
                json.object("start") { json in
                    json.object("toolUse") { json in
                        json.member("toolUseId", CallIDForm.anthropic.write(id))
                        json.member("name", name)
                    }
                }
                json.member("contentBlockIndex", index)
            }
        }
        let waiting = blocks[0].waiting
        blocks[0].waiting = []
        for delta in waiting { write(delta, to: &bytes) }
    }

    private mutating func close(to bytes: inout ByteBuffer) {
        // A call without arguments is a call with none: clients that parse the
        // joined fragments need an object there.
        if case .toolUse = blocks[0].kind, blocks[0].progress.isBlank { write(.input("{}"), to: &bytes) }
        ConverseEventKind.write(ConverseEventKind.blockStop, to: &bytes) { $0.member("contentBlockIndex", index) }
        blocks.removeFirst()
        index += 1
        isOpen = false
    }

    private func write(_ delta: Delta, to bytes: inout ByteBuffer) {
        ConverseEventKind.write(ConverseEventKind.blockDelta, to: &bytes) { json in
            json.object("delta") { json in
                switch delta {
                case .text(let text): json.member("text", text)
                case .thinking(let text): json.object("reasoningContent") { $0.member("text", text) }
                case .signature(let text): json.object("reasoningContent") { $0.member("signature", text) }
                case .redacted(let data): json.object("reasoningContent") { $0.member("redactedContent", data) }
                case .input(let fragment): json.object("toolUse") { $0.member("input", fragment) }
                }
            }
            json.member("contentBlockIndex", index)
        }
    }
}
