import Conversation

/// The seams between the texts of a request, over which an attack may be
/// split.
///
/// Each seam takes as much time as some hundred characters. Of a request with
/// many small texts only some are read, so that the cost stays with the
/// length: those with enough new text since the last one that was read, whose
/// characters reach back over it, and the last one.
struct Seams: Sendable {
    /// The seams of a request that are all read.
    static let mostOfAll = 256
    /// Bytes of new text for which a further one is read.
    static let enough = 128

    private var carried: [PassageScope: Carried] = [:]
    private var count = 0

    /// The text before a block of its scope, where the seam is to be read.
    mutating func due(before block: PassageBlock) -> Carried? {
        guard let before = carried[block.scope] else { return nil }
        let fresh = before.fresh + min(block.text.utf8.count, Self.enough)
        guard count < Self.mostOfAll || fresh >= Self.enough || block.isLastOfScope else { return nil }
        count += 1
        carried[block.scope]?.fresh = 0
        return before
    }

    mutating func add(_ block: PassageBlock) { carried[block.scope, default: Carried()].add(block.text) }

    /// Forgets the text of a scope: no model will read it before the next.
    mutating func breakOff(_ scope: PassageScope) { carried[scope] = nil }
}

/// The last characters of the texts of one scope, joined in two ways.
struct Carried: Sendable {
    private(set) var glued = ""
    private(set) var spaced = ""

    /// Scalars; a window of the second stage has not many more bytes.
    static let length = 320

    /// The bytes since a seam was last read.
    var fresh = 0

    mutating func add(_ text: String) {
        let tail = TextCutting.tail(text, Self.length)
        fresh += min(text.utf8.count, Seams.enough)
        glued = TextCutting.tail(glued + tail, Self.length)
        spaced = TextCutting.tail(spaced.isEmpty ? tail : spaced + "\n" + tail, Self.length)
    }
}
