package import Conversation

/// A conversation in the shape the Messages API wants: instructions apart,
/// turns of one role joined, the results of tools first in the turn that
/// follows their calls.
package struct Turns {
    package struct Turn {
        package var role: Role
        package var blocks: [Block]
    }

    /// The texts of the top-level `system`, in order.
    package private(set) var system: [String] = []
    /// `user`, `assistant` and, where the model takes it, `system`.
    package private(set) var turns: [Turn] = []

    /// Instructions that came after the conversation had begun, until it is
    /// known what follows them.
    private var pending: [(index: Int, texts: [String])] = []
    private let takesLaterInstructions: Bool

    /// - Parameter host: The API's name, for what it refuses.
    package init(
        _ messages: [Message], model: String, for host: String = "Anthropic", dropped: inout [String]
    ) throws(CannotCarry) {
        takesLaterInstructions = Self.takesLaterInstructions(model)
        let messages = DistinctCalls.makeDistinct(messages, for: .anthropic)
        for (index, message) in messages.enumerated() {
            if message.name != nil { dropped.append("messages[\(index)].name") }
            switch message.role {
            case .system, .developer:
                let texts = try Self.instructions(message, index, host)
                if turns.isEmpty {
                    system += texts
                } else if turns.last?.role == .assistant, pending.isEmpty, !texts.isEmpty {
                    // Behind the assistant's turn it is the next thing to answer:
                    // some agents tell the output of a tool that way.
                    append(.user, texts.map(Block.text))
                    dropped.append("messages[\(index)].role")
                } else if !texts.isEmpty {
                    pending.append((index, texts))
                }
            case .user:
                let blocks = try BlockBuilder(message: index, role: .user, host: host).blocks(
                    message.content, dropped: &dropped)
                guard !blocks.isEmpty else {
                    // Left out, unless the assistant's turn before it would be
                    // the last one, which the model would go on with.
                    dropped.append("messages[\(index)].content (empty)")
                    if index == messages.count - 1 { append(.user, [.text(Self.nothingSaid)]) }
                    continue
                }
                // An instruction between two turns of the user has no place.
                movePending(dropped: &dropped)
                append(.user, blocks)
            case .assistant:
                let blocks = try BlockBuilder(message: index, role: .assistant, host: host).blocks(
                    message.content, dropped: &dropped)
                // The assistant said nothing: there is nothing to say again.
                guard !blocks.isEmpty else { continue }
                placePending(dropped: &dropped)
                append(.assistant, blocks)
            }
        }
        placePending(dropped: &dropped)
        putResultsFirst()
        trimEnd(dropped: &dropped)
        guard turns.contains(where: { $0.role != .system }) else {
            // Others answer instructions alone; Anthropic needs a turn of the user's.
            guard let last = system.popLast() else {
                throw CannotCarry("messages", "say nothing; \(host) needs a message of the user")
            }
            turns = [Turn(role: .user, blocks: [.text(last)])]
            dropped.append("messages[\(messages.count - 1)].role")
            return
        }
    }

    /// Stands for a last turn of the user's that says nothing.
    private static let nothingSaid = "(no text)"

    /// An instruction of Holdfast's own, behind all others.
    package mutating func instruct(_ words: String) { system.append(words) }

    /// Anthropic refuses words put into the assistant's mouth that end in
    /// white space.
    private mutating func trimEnd(dropped: inout [String]) {
        while let last = turns.last, last.role == .assistant, case .text(let text)? = last.blocks.last {
            let trimmed = text.withoutTrailingSpace
            guard trimmed.utf8.count < text.utf8.count else { return }
            dropped.append("messages (white space at the end)")
            turns[turns.count - 1].blocks.removeLast()
            if !trimmed.isEmpty { turns[turns.count - 1].blocks.append(.text(trimmed)) }
            guard turns[turns.count - 1].blocks.isEmpty else { return }
            turns.removeLast()
        }
    }

    private mutating func append(_ role: Role, _ blocks: [Block]) {
        if turns.last?.role == role {
            turns[turns.count - 1].blocks += blocks
        } else {
            turns.append(Turn(role: role, blocks: blocks))
        }
    }

    /// Once all turns are joined: for each message anew, it would take the
    /// square of their number.
    private mutating func putResultsFirst() {
        for index in turns.indices where turns[index].role == .user {
            let joined = turns[index].blocks
            guard joined.contains(where: \.isToolResult) else { continue }
            turns[index].blocks = joined.filter(\.isToolResult) + joined.filter { !$0.isToolResult }
        }
    }

    // MARK: Instructions

    private static func instructions(
        _ message: Message, _ index: Int, _ host: String
    ) throws(CannotCarry) -> [String] {
        var texts: [String] = []
        for (position, part) in message.content.enumerated() {
            guard case .text(let text) = part else {
                throw CannotCarry(
                    "messages[\(index)].content[\(position)]", "is not text; \(host) takes instructions as text only")
            }
            if !text.isBlank { texts.append(text) }
        }
        return texts
    }

    /// Before the assistant's turn or the end: where an instruction may
    /// stand, right after the user's turn.
    private mutating func placePending(dropped: inout [String]) {
        guard !pending.isEmpty else { return }
        guard takesLaterInstructions, turns.last?.role == .user else { return movePending(dropped: &dropped) }
        turns.append(Turn(role: .system, blocks: pending.flatMap { $0.texts.map(Block.text) }))
        pending = []
    }

    /// The instructions are kept and their place is lost, which is said.
    private mutating func movePending(dropped: inout [String]) {
        for (index, texts) in pending {
            system += texts
            dropped.append("messages[\(index)].position")
        }
        pending = []
    }

    /// Returns whether a model takes `system` inside `messages`. Others answer
    /// 400, so that a model that isn't listed gets its instructions at the
    /// beginning.
    ///
    /// https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
    static func takesLaterInstructions(_ model: String) -> Bool {
        ["claude-opus-4-8", "claude-opus-5", "claude-fable-5", "claude-mythos-5"].contains { family in
            guard model.hasPrefix(family) else { return false }
            let rest = model.utf8.dropFirst(family.utf8.count)
            return rest.isEmpty || rest.first == UInt8(ascii: "-")
        }
    }
}
