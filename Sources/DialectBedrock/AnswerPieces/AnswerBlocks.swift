import Conversation
import Wire

/// The numbers of a stream's blocks as a supervisor reads them: one for each
/// member of a content block that has text, since a client reads one of them
/// and not what a server writes between its parts into other members.
struct AnswerBlocks {
    private struct Key: Hashable {
        /// Nil for what stands in no content block.
        var index: Int?
        var member: String
    }

    private var nextPlace = 0
    private var places: [Key: Int] = [:]
    /// The arguments of the open calls.
    private var calls: [Int: CallText] = [:]
    /// The content blocks that have begun and not ended.
    private(set) var open: Set<Int> = []

    /// The members that have numbers of their own; all others share one.
    private static let most = 64
    /// Of a member's name, in bytes.
    private static let longest = 128

    mutating func begin(_ index: Int) { open.insert(index) }

    mutating func place(_ index: Int?, _ member: String) -> Int {
        let key = Key(index: index, member: member)
        if let known = places[key] { return known }
        guard member.isEmpty || member.utf8.count <= Self.longest && places.count < Self.most * (open.count + 1) else {
            return place(index, "")
        }
        defer { nextPlace += 1 }
        places[key] = nextPlace
        return nextPlace
    }

    /// Appends a text of a member.
    mutating func say(
        _ text: String, _ scope: PassageScope, _ index: Int?, _ member: String, into pieces: inout [AnswerPiece]
    ) {
        guard !text.isEmpty else { return }
        pieces.append(.text(block: place(index, member), scope, text))
    }

    /// Appends a line of what has no place of its own.
    mutating func sayLine(_ text: String, _ index: Int? = nil, into pieces: inout [AnswerPiece]) {
        if !text.isEmpty { say(text + "\n", .answer, index, "", into: &pieces) }
    }

    /// Appends all strings of a member that isn't known, its name among them.
    mutating func sayUnknown(
        _ name: String, _ value: JSONView, _ scope: PassageScope, _ index: Int?, into pieces: inout [AnswerPiece]
    ) {
        if places[Key(index: index, member: name)] == nil { sayLine(name, index, into: &pieces) }
        for (place, text) in value.placedStrings {
            switch place {
            case .name: sayLine(text, index, into: &pieces)
            case .value(let inner):
                let member = inner.map { $0 == name ? name : "\(name).\($0)" } ?? name
                say(text, scope, index, member, into: &pieces)
            }
        }
        _ = place(index, name)
    }

    /// Appends the strings of a value that should hold ids and words alone,
    /// where they are none.
    mutating func sayIfWords(_ value: JSONView, _ index: Int? = nil, into pieces: inout [AnswerPiece]) {
        for (_, text) in value.placedStrings where !AnswerForm.isName(text) { sayLine(text, index, into: &pieces) }
    }

    mutating func addArguments(_ fragment: String, _ index: Int, into pieces: inout [AnswerPiece]) {
        say(fragment, .toolCall, index, "toolUse", into: &pieces)
        calls[index, default: CallText()].add(fragment)
    }

    mutating func end(_ index: Int, into pieces: inout [AnswerPiece]) {
        open.remove(index)
        if let unescaped = calls.removeValue(forKey: index)?.unescaped {
            say(unescaped, .toolCall, index, "toolUse", into: &pieces)
        }
        for place in places.filter({ $0.key.index == index }).values.sorted() { pieces.append(.blockEnded(place)) }
        places = places.filter { $0.key.index != index }
    }
}
