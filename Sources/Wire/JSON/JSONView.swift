/// One value inside a ``JSONDocument``.
package struct JSONView: Sendable {
    package let document: JSONDocument
    let index: Int

    private var node: JSONNode { document.nodes[index] }

    package var kind: JSONKind { node.kind }
    package var isNull: Bool { node.kind == .null }

    /// The range of the value in the text, in bytes.
    package var range: Range<Int> { Int(node.start)..<Int(node.end) }

    /// The value's bytes as they came.
    package var fragment: JSONFragment { JSONFragment(checked: document.slice(range)) }

    // MARK: Scalars

    /// The text of a string, nil for any other kind.
    package var string: String? {
        let node = node
        guard node.kind == .string else { return nil }
        return document.withBytes(Int(node.start) + 1..<Int(node.end) - 1) {
            JSONString.decode($0, isEscaped: node.isEscaped)
        }
    }

    /// The length of a string's text in UTF-8; 0 for any other kind.
    package var textLength: Int {
        let node = node
        guard node.kind == .string else { return 0 }
        return node.isEscaped ? string?.utf8.count ?? 0 : Int(node.end - node.start) - 2
    }

    /// Returns whether this is the string `text`; allocates nothing.
    package func isString(_ text: StaticString) -> Bool { document.isString(node, text) }

    /// The text of a string that is to be one of a few words, or a name: of a
    /// longer one only the beginning, which then equals none of them.
    ///
    /// Comparing texts costs what their combining marks cost to put in order:
    /// what a caller names is never looked at in full.
    package var word: String? {
        let node = node
        guard node.kind == .string else { return nil }
        guard Int(node.end - node.start) - 2 > Self.longestWord else { return string }
        return document.withBytes(Int(node.start) + 1..<Int(node.end) - 1) { bytes in
            var end = 0
            var next = 0
            while next <= Self.longestWord {
                end = next
                next += Self.unit(bytes, at: next, isEscaped: node.isEscaped)
            }
            return JSONString.decode(UnsafeBufferPointer(rebasing: bytes[..<end]), isEscaped: node.isEscaped) + "…"
        }
    }

    /// In bytes as they came.
    package static let longestWord = 256

    /// Returns the number of bytes that encode the scalar there: an escape, a
    /// pair of them, or UTF-8.
    private static func unit(_ bytes: UnsafeBufferPointer<UInt8>, at place: Int, isEscaped: Bool) -> Int {
        switch bytes[place] {
        case UInt8(ascii: "\\") where isEscaped:
            guard bytes[place + 1] == UInt8(ascii: "u") else { return 2 }
            // D800 to DBFF: the first half of a pair.
            let isHalf =
                bytes[place + 2] | 0x20 == UInt8(ascii: "d") && "89abAB".utf8.contains(bytes[place + 3])
            return isHalf ? 12 : 6
        case 0xC0...0xDF: return 2
        case 0xE0...0xEF: return 3
        case 0xF0...: return 4
        default: return 1
        }
    }

    package var bool: Bool? {
        switch node.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// A number without fraction that fits 64 bits ("1.0" and "1e3" count,
    /// as they do for the providers' own parsers).
    package var int: Int? {
        if let digits = plainDigits { return digits }
        guard let text = numberText else { return nil }
        if let value = Int(text) { return value }
        guard let value = Double(text), value.rounded() == value, abs(value) < 9e15 else { return nil }
        return Int(value)
    }

    /// The value of a number that is a few digits and nothing else, as most
    /// counts are; nil for all other values.
    private var plainDigits: Int? {
        let node = node
        guard node.kind == .number, node.end - node.start <= 18 else { return nil }
        return document.withBytes(range) { bytes in
            var value = 0
            for byte in bytes {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            return value
        }
    }

    /// A finite number.
    package var double: Double? {
        guard let text = numberText, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    private var numberText: String? {
        guard node.kind == .number else { return nil }
        return document.withBytes(range) { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Containers

    /// The member of that name, nil where there is none or this is no object.
    package subscript(name: StaticString) -> JSONView? {
        guard node.kind == .object else { return nil }
        let end = Int(node.next)
        var cursor = index + 1
        while cursor < end {
            if document.isString(document.nodes[cursor], name) {
                return JSONView(document: document, index: cursor + 1)
            }
            cursor = Int(document.nodes[cursor + 1].next)
        }
        return nil
    }

    /// An object's members in their order; empty for any other kind.
    package var members: Members { Members(view: self) }

    /// An array's elements in their order; empty for any other kind.
    package var elements: Elements { Elements(view: self) }

    package struct Members: Sequence, IteratorProtocol {
        let document: JSONDocument
        var cursor: Int
        let end: Int

        init(view: JSONView) {
            document = view.document
            cursor = view.index + 1
            end = view.kind == .object ? Int(view.node.next) : 0
        }

        package mutating func next() -> (name: JSONView, value: JSONView)? {
            guard cursor < end else { return nil }
            let name = JSONView(document: document, index: cursor)
            let value = JSONView(document: document, index: cursor + 1)
            cursor = Int(document.nodes[cursor + 1].next)
            return (name, value)
        }
    }

    package struct Elements: Sequence, IteratorProtocol {
        let document: JSONDocument
        var cursor: Int
        let end: Int

        init(view: JSONView) {
            document = view.document
            cursor = view.index + 1
            end = view.kind == .array ? Int(view.node.next) : 0
        }

        package mutating func next() -> JSONView? {
            guard cursor < end else { return nil }
            defer { cursor = Int(document.nodes[cursor].next) }
            return JSONView(document: document, index: cursor)
        }
    }
}
