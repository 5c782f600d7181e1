package import NIOCore

/// Changes to a JSON text at the places of its values: everything else stays
/// as it came, byte for byte.
package struct JSONSplices {
    private var changes: [(range: Range<Int>, replacement: ByteBuffer)] = []

    package init() {}

    package var isEmpty: Bool { changes.isEmpty }

    /// Puts `replacement` where `view` stands.
    package mutating func replace(_ view: JSONView, with replacement: ByteBuffer) {
        changes.append((view.range, replacement))
    }

    package mutating func replace(_ view: JSONView, with text: String) {
        var quoted = ByteBuffer()
        JSONString.append(text, to: &quoted)
        replace(view, with: quoted)
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
        replace(array, with: kept)
    }

    /// - Precondition: all values are of `document`, and none lies inside
    ///   another.
    package func apply(to document: JSONDocument) -> ByteBuffer {
        var result = ByteBufferAllocator().buffer(capacity: document.bytes.readableBytes + 256)
        var place = 0
        document.bytes.withUnsafeReadableBytes { raw in
            for (range, replacement) in changes.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
                result.writeBytes(UnsafeRawBufferPointer(rebasing: raw[place..<range.lowerBound]))
                result.writeImmutableBuffer(replacement)
                place = range.upperBound
            }
            result.writeBytes(UnsafeRawBufferPointer(rebasing: raw[place...]))
        }
        return result
    }
}
