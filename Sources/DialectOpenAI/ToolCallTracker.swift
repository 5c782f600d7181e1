import Conversation
import Wire

/// Tells one choice's tool calls apart while they come in fragments.
///
/// OpenAI names a call by `index` and gives id and name in its first
/// fragment. Compatible servers leave out the index, give every call the
/// index 0, repeat the id in every fragment or give none, repeat the name or
/// give it in pieces: all of that is unambiguous enough to be read. A call is
/// told once its arguments begin, or another call does: until then its name
/// may go on.
struct ToolCallTracker {
    fileprivate struct Call {
        /// The server's `index`, nil where it gave none.
        var index: Int?
        var id: String
        var name = ""
        var isTold = false
        var progress = ArgumentsProgress()
    }

    private struct Fragment {
        var index: Int?
        var id: String
        var name: String
        var arguments: String
    }

    private var calls: [Call] = []

    var hasStartedAny: Bool { calls.contains(where: \.isTold) }

    /// More calls than anyone makes in one answer; keeps memory bounded.
    private static let most = 1024

    mutating func decode(
        _ fragment: JSONView, choice: Int, into events: inout [StreamEvent]
    ) throws(UnreadableReply) {
        guard fragment.kind == .object else { throw UnreadableReply("a tool call is not an object") }
        let function = fragment["function"]
        let fragment = Fragment(
            index: fragment["index"]?.int, id: fragment["id"]?.string ?? "", name: function?["name"]?.string ?? "",
            arguments: try function.map { function throws(UnreadableReply) in
                function.kind == .object ? try ReplyReader.arguments(of: function) : ""
            } ?? "")
        let number = try number(of: fragment, choice: choice, into: &events)
        if calls[number].id.isEmpty { calls[number].id = fragment.id }
        if !calls[number].isTold { calls[number].take(name: fragment.name) }
        guard !fragment.arguments.isEmpty else { return }
        guard !calls[number].name.isEmpty else {
            throw UnreadableReply("a tool call has arguments before its name")
        }
        tell(number, choice: choice, into: &events)
        calls[number].progress.consume(fragment.arguments)
        events.append(.toolCallArguments(choice: choice, call: number, fragment: fragment.arguments))
    }

    /// Tells the calls whose names have come and whose arguments haven't.
    mutating func tell(choice: Int, into events: inout [StreamEvent]) {
        for number in calls.indices { tell(number, choice: choice, into: &events) }
    }

    private mutating func tell(_ number: Int, choice: Int, into events: inout [StreamEvent]) {
        guard !calls[number].isTold, !calls[number].name.isEmpty else { return }
        calls[number].isTold = true
        if calls[number].id.isEmpty { calls[number].id = SubstituteID.of(call: number, choice: choice) }
        events.append(
            .toolCallStarted(choice: choice, call: number, id: calls[number].id, name: calls[number].name))
    }

    private mutating func number(
        of fragment: Fragment, choice: Int, into events: inout [StreamEvent]
    ) throws(UnreadableReply) -> Int {
        // The last one, for servers that give every call the same index.
        let known = fragment.index == nil ? calls.indices.last : calls.lastIndex { $0.index == fragment.index }
        if let known, !begins(fragment, after: calls[known]) { return known }
        guard calls.count < Self.most else { throw UnreadableReply("an answer has too many tool calls") }
        // Nothing more comes for the name of the one before.
        tell(choice: choice, into: &events)
        calls.append(Call(index: fragment.index, id: ""))
        return calls.count - 1
    }

    /// Returns whether a fragment that could belong to `call` begins another
    /// one.
    private func begins(_ fragment: Fragment, after call: Call) -> Bool {
        guard !fragment.name.isEmpty, !call.name.isEmpty else { return false }
        if !fragment.id.isEmpty, !call.id.isEmpty, fragment.id != call.id { return true }
        // Arguments that are whole take no more; with a name before them they
        // are another call's.
        if call.progress.isComplete { return !fragment.arguments.isEmpty || fragment.name != call.name }
        return fragment.index == nil && fragment.id.isEmpty && fragment.name != call.name
    }
}

extension ToolCallTracker.Call {
    /// The name, or a piece of it: a server that repeats the whole of it says
    /// nothing new.
    fileprivate mutating func take(name piece: String) {
        guard !piece.isEmpty, piece != name else { return }
        name = piece.utf8.starts(with: name.utf8) ? piece : name + piece
    }
}
