package import NIOCore

package enum JSONKind: UInt8, Sendable {
    case object, array, string, number, `true`, `false`, null
}

struct JSONNode {
    var start: UInt32
    var end: UInt32
    /// The index of the first node behind this one's whole subtree.
    var next: UInt32
    var kind: JSONKind
    var isEscaped: Bool
}

/// A JSON text that has been checked, with an index of its values.
///
/// The bytes are not copied: ``JSONView`` reads a value in place, and
/// ``JSONView/fragment`` cuts it out unchanged. So Holdfast can forward values
/// bit for bit even if it does not understand them.
package final class JSONDocument: Sendable {
    package let bytes: ByteBuffer
    let nodes: ContiguousArray<JSONNode>

    /// - Throws: ``JSONProblem`` for anything that is not one JSON value, or
    ///   that is over the limits.
    package init(_ bytes: ByteBuffer, limits: JSONLimits = .whole) throws(JSONProblem) {
        guard bytes.readableBytes < Int(Int32.max) else { throw JSONProblem(.tooLarge(limit: Int(Int32.max)), at: 0) }
        self.bytes = bytes
        let scanned = bytes.withUnsafeReadableBytes { raw -> Result<ContiguousArray<JSONNode>, JSONProblem> in
            let buffer = raw.assumingMemoryBound(to: UInt8.self)
            guard let base = buffer.baseAddress else { return .failure(JSONProblem(.empty, at: 0)) }
            var scanner = JSONScanner(buffer, base: base, limits: limits)
            do throws(JSONProblem) {
                try scanner.scan()
                return .success(scanner.nodes)
            } catch {
                return .failure(error)
            }
        }
        self.nodes = try scanned.get()
    }

    package convenience init(_ text: String, limits: JSONLimits = .whole) throws(JSONProblem) {
        try self.init(ByteBuffer(string: text), limits: limits)
    }

    package var root: JSONView { JSONView(document: self, index: 0) }

    func slice(_ range: Range<Int>) -> ByteBuffer {
        bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count)!
    }

    func withBytes<T>(_ range: Range<Int>, _ body: (UnsafeBufferPointer<UInt8>) -> T) -> T {
        bytes.withUnsafeReadableBytes { raw in
            body(UnsafeBufferPointer(rebasing: raw.assumingMemoryBound(to: UInt8.self)[range]))
        }
    }

    func isString(_ node: JSONNode, _ text: StaticString) -> Bool {
        guard node.kind == .string else { return false }
        if node.isEscaped {
            let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
            let inside = withBytes(Int(node.start) + 1..<Int(node.end) - 1) { JSONString.decode($0, isEscaped: true) }
            return inside.utf8.elementsEqual(bytes)
        }
        guard Int(node.end - node.start) - 2 == text.utf8CodeUnitCount else { return false }
        return withBytes(Int(node.start) + 1..<Int(node.end) - 1) { bytes in
            for offset in 0..<bytes.count where bytes[offset] != text.utf8Start[offset] { return false }
            return true
        }
    }

    /// The whole text with one value's bytes replaced.
    package func replacing(_ view: JSONView, with replacement: ByteBuffer) -> ByteBuffer {
        var splices = Splices()
        splices.replace(view, with: replacement)
        return splices.apply(to: bytes)
    }
}

/// JSON bytes that have been checked, carried unchanged: a tool's schema, a
/// cache mark, anything that Holdfast passes on and does not interpret.
package struct JSONFragment: Sendable, Hashable {
    package let bytes: ByteBuffer

    /// - Throws: ``JSONProblem`` where `text` is not one JSON value.
    package init(checking text: String) throws(JSONProblem) {
        self.bytes = try JSONDocument(text).bytes
    }

    init(checked bytes: ByteBuffer) { self.bytes = bytes }

    package static let emptyObject = JSONFragment(checked: ByteBuffer(string: "{}"))

    package var text: String { String(buffer: bytes) }

    /// The fragment, to be read. It was checked when it was made, so this
    /// can fail only for want of index room.
    package func document() throws(JSONProblem) -> JSONDocument { try JSONDocument(bytes) }
}
