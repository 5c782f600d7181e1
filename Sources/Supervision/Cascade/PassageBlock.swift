import Conversation
import Crypto
import Encodings

/// The passages of one block of a request, which are judged and withheld
/// together.
struct PassageBlock: Sendable {
    var number: Int
    var scope: PassageScope
    var turn: Int?
    /// Nil in an answer.
    var path: String?
    /// The texts of its passages, a line each.
    var text: String
    /// False where an action of `block` is carried out as `withhold`: the text
    /// belongs to the conversation's past, or is a model's own.
    var canBlock = true
    var isNewestUserTurn = false
    /// True for a tool result or a document that no model has answered yet.
    var isUnanswered = false
    /// True for text that a note of Holdfast's has replaced already.
    var isNote = false
    var isLastOfScope = false
    /// True in an answer that is on its way: nothing can take its place there.
    var isLive = false

    /// The blocks of a request in the order in which they are judged: first the
    /// application's instructions and tools, which stand still while a
    /// conversation grows, then the others in the order of the body.
    static func all(of passages: RequestPassages, notes: NoteForm) -> [PassageBlock] {
        var blocks: [PassageBlock] = []
        var lines: [String] = []
        func close() {
            guard !lines.isEmpty, let last = blocks.indices.last else { return }
            blocks[last].text = lines.count == 1 ? lines[0] : lines.joined(separator: "\n")
            blocks[last].isNote = notes.isNote(blocks[last].text)
            lines = []
        }
        for passage in passages.passages {
            if let last = blocks.last, last.number == passage.block, last.scope == passage.scope {
                lines.append(passage.text)
                continue
            }
            close()
            blocks.append(
                PassageBlock(
                    number: passage.block, scope: passage.scope, turn: passage.turn, path: passage.path, text: ""))
            lines = [passage.text]
        }
        close()
        let answered = passages.passages.lazy.filter { $0.scope.isOfModel }.compactMap(\.turn).max() ?? -1
        // Clients join a message that was refused with the next one: only the
        // last part of a turn is new for certain.
        let newest = blocks.last { $0.scope == .user && $0.turn != nil && $0.turn == passages.newestUserTurn }?.number
        for place in blocks.indices {
            let block = blocks[place]
            let isOpen = block.turn.map { $0 > answered } ?? true
            switch block.scope {
            case .user:
                blocks[place].isNewestUserTurn = block.turn == passages.newestUserTurn || block.turn == nil
                blocks[place].canBlock = block.turn == nil || block.number == newest
            case .toolResult, .document:
                blocks[place].isUnanswered = isOpen
                blocks[place].canBlock = isOpen
            case .answer, .toolCall: blocks[place].canBlock = false
            case .system, .toolDefinition: break
            }
        }
        var ended: Set<PassageScope> = []
        for place in blocks.indices.reversed() where ended.insert(blocks[place].scope).inserted {
            blocks[place].isLastOfScope = true
        }
        return blocks.filter(\.isStanding) + blocks.filter { !$0.isStanding }
    }

    private var isStanding: Bool { turn == nil && (scope == .system || scope == .toolDefinition) }
}

extension PassageScope {
    /// True for a model's own words.
    var isOfModel: Bool { self == .answer || self == .toolCall }
}

/// The form of the notes that replace withheld texts: a text of that form is
/// not judged, so that a request that was judged before is left as it is.
struct NoteForm: Sendable {
    private let clauses: Set<String>

    init(_ constitution: Constitution) { clauses = Set(constitution.clauses.map(\.id)) }

    /// - Returns: True for a note that names a clause of this constitution and
    ///   has nothing else in it: anything more could be an instruction.
    func isNote(_ text: String) -> Bool {
        guard text.utf8.count <= 200, text.hasPrefix(WithheldNote.opening), text.hasSuffix(WithheldNote.closing) else {
            return false
        }
        let inner = text.dropFirst(WithheldNote.opening.count).dropLast(WithheldNote.closing.count)
        guard let gap = inner.firstRange(of: WithheldNote.middle) else { return false }
        let reference = inner[gap.upperBound...].utf8
        return clauses.contains(String(inner[..<gap.lowerBound])) && reference.count == Reference.digits
            && reference.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// A short hash by which a caller names a finding, and an operator looks for
/// it: the same for the same words and clause, whoever sent them and whenever.
///
/// The policy is no part of it, or each edit of a constitution would change the
/// notes of all conversations, and with them what providers have cached.
enum Reference {
    static let digits = 12

    static func of(_ text: String, clause: String) -> String {
        var hash = SHA256()
        hash.update(data: Array("holdfast reference\0\(clause)\0".utf8))
        var text = text
        text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        return Hex.encode(hash.finalize().prefix(digits / 2))
    }
}
