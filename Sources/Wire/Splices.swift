package import NIOCore

/// Changes to a text at ranges of its bytes: everything else stays as it came,
/// byte for byte.
///
/// Several parts may add changes to one value, in any order; ``apply(to:)``
/// copies the text once. Ranges are offsets from the text's beginning, and none
/// may overlap another.
package struct Splices: Sendable {
    private struct Change {
        var range: Range<Int>
        var replacement: ByteBuffer
    }

    /// The first change by its place, apart from the others: most texts have
    /// one change, or none.
    private var first: Change?
    /// In the order of their places.
    private var others: [Change] = []

    package init() {}

    package var isEmpty: Bool { first == nil }

    /// Puts `replacement` where the bytes of `range` stand; an empty range
    /// inserts it.
    /// - Precondition: The range overlaps no other change.
    package mutating func replace(_ range: Range<Int>, with replacement: ByteBuffer) {
        let change = Change(range: range, replacement: replacement)
        guard let first else { return self.first = change }
        guard range.lowerBound >= first.range.lowerBound else {
            precondition(range.upperBound <= first.range.lowerBound, "two changes overlap")
            others.insert(first, at: 0)
            self.first = change
            return
        }
        // As a rule they come in the order of the text.
        var place = others.endIndex
        while place > others.startIndex, others[place - 1].range.lowerBound > range.lowerBound { place -= 1 }
        let before = place > others.startIndex ? others[place - 1].range : first.range
        precondition(before.upperBound <= range.lowerBound, "two changes overlap")
        precondition(
            place == others.endIndex || range.upperBound <= others[place].range.lowerBound, "two changes overlap")
        others.insert(change, at: place)
    }

    /// Returns the text with all changes.
    /// - Precondition: All ranges lie within the text.
    package func apply(to bytes: ByteBuffer) -> ByteBuffer {
        guard let first else { return bytes }
        var size = bytes.readableBytes + first.replacement.readableBytes - first.range.count
        for change in others { size += change.replacement.readableBytes - change.range.count }
        var result = ByteBufferAllocator().buffer(capacity: size)
        bytes.withUnsafeReadableBytes { raw in
            result.writeBytes(UnsafeRawBufferPointer(rebasing: raw[..<first.range.lowerBound]))
            result.writeImmutableBuffer(first.replacement)
            var place = first.range.upperBound
            for change in others {
                result.writeBytes(UnsafeRawBufferPointer(rebasing: raw[place..<change.range.lowerBound]))
                result.writeImmutableBuffer(change.replacement)
                place = change.range.upperBound
            }
            result.writeBytes(UnsafeRawBufferPointer(rebasing: raw[place...]))
        }
        return result
    }
}

/// Changes at the places of a JSON text's values.
extension Splices {
    package mutating func replace(_ view: JSONView, with replacement: ByteBuffer) {
        replace(view.range, with: replacement)
    }

    /// Puts a string where `view` stands.
    package mutating func replace(_ view: JSONView, with text: String) {
        var quoted = ByteBufferAllocator().buffer(capacity: text.utf8.count + 2)
        JSONString.append(text, to: &quoted)
        replace(view.range, with: quoted)
    }

    /// Puts an array in the place of another, of those of its elements that
    /// `isKept` wants.
    package mutating func filter(_ array: JSONView, _ isKept: (Int, JSONView) -> Bool) {
        var kept = ByteBuffer(string: "[")
        var isFirst = true
        for (index, element) in array.elements.enumerated() where isKept(index, element) {
            if !isFirst { kept.writeStaticString(",") }
            isFirst = false
            kept.writeImmutableBuffer(element.fragment.bytes)
        }
        kept.writeStaticString("]")
        replace(array.range, with: kept)
    }
}
