import Conversation
import Wire

/// Tells one choice's tool calls apart while they come in fragments.
///
/// OpenAI names a call by `index` and gives id and name in its first
/// fragment. Compatible servers leave out the index, give every call the
/// index 0, repeat the id in every fragment or give none: all of that is
/// unambiguous enough to be read.
struct ToolCallTracker {
    private struct Call {
        /// The server's `index`, nil where it gave none.
        var index: Int?
        var id: String
        var hasStarted: Bool
    }

    private var calls: [Call] = []

    var hasStartedAny: Bool { calls.contains(where: \.hasStarted) }

    /// More calls than anyone makes in one answer; keeps memory bounded.
    private static let most = 1024

    mutating func decode(
        _ fragment: JSONView, choice: Int, into events: inout [StreamEvent]
    ) throws(UnreadableReply) {
        guard fragment.kind == .object else { throw UnreadableReply("a tool call is not an object") }
        let id = fragment["id"]?.string ?? ""
        let index = fragment["index"]?.int
        let function = fragment["function"]
        let name = function?["name"]?.string ?? ""

        let number = try number(index: index, id: id, name: name)
        if !calls[number].hasStarted {
            if calls[number].id.isEmpty { calls[number].id = id }
            if !name.isEmpty {
                if calls[number].id.isEmpty { calls[number].id = SubstituteID.of(call: number, choice: choice) }
                calls[number].hasStarted = true
                events.append(.toolCallStarted(choice: choice, call: number, id: calls[number].id, name: name))
            }
        }
        guard let function, function.kind == .object else { return }
        let arguments = try ReplyReader.arguments(of: function)
        guard !arguments.isEmpty else { return }
        guard calls[number].hasStarted else {
            throw UnreadableReply("a tool call has arguments before its name")
        }
        events.append(.toolCallArguments(choice: choice, call: number, fragment: arguments))
    }

    private mutating func number(index: Int?, id: String, name: String) throws(UnreadableReply) -> Int {
        // The last one, for servers that give every call the same index.
        let known = index == nil ? calls.indices.last : calls.lastIndex { $0.index == index }
        if let known {
            let begins =
                !name.isEmpty && calls[known].hasStarted && (!id.isEmpty ? calls[known].id != id : index == nil)
            if !begins { return known }
        }
        guard calls.count < Self.most else { throw UnreadableReply("an answer has too many tool calls") }
        calls.append(Call(index: index, id: "", hasStarted: false))
        return calls.count - 1
    }
}
