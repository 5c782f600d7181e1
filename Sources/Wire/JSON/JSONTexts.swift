// Reading texts without a copy, and all texts within a value.

extension JSONView {
    /// Hands over the UTF-8 of a string's text, without its escapes; nothing
    /// for any other kind. The bytes are copied only where there are escapes.
    package func withText<T>(_ body: (UnsafeBufferPointer<UInt8>) -> T) -> T {
        guard kind == .string else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
        guard isEscaped else { return document.withBytes(range.lowerBound + 1..<range.upperBound - 1, body) }
        var text = string ?? ""
        return text.withUTF8(body)
    }

    /// All strings within a value, members' names among them, in the order of
    /// the text; a string is the only one within itself.
    package var strings: Strings { Strings(view: self) }

    package struct Strings: Sequence, IteratorProtocol {
        private let document: JSONDocument
        private var cursor: Int
        private let end: Int

        fileprivate init(view: JSONView) {
            document = view.document
            cursor = view.index
            end = Int(document.nodes[cursor].next)
        }

        package mutating func next() -> JSONView? {
            while cursor < end {
                defer { cursor += 1 }
                if document.nodes[cursor].kind == .string { return JSONView(document: document, index: cursor) }
            }
            return nil
        }
    }

    private var isEscaped: Bool { document.nodes[index].isEscaped }
}
