/// The reason why bytes are not a JSON text that Holdfast accepts.
///
/// The grammar is RFC 8259's, read strictly: UTF-8 only, no byte order mark, no
/// duplicate names, no lone surrogates. (RFC 8259 §8.2 says that receivers
/// treat these in unpredictable ways. A gateway must not be the place where two
/// parsers begin to disagree.)
package struct JSONProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        case empty
        case unexpectedByte(UInt8)
        case unexpectedEnd
        case trailingBytes
        case controlCharacterInString(UInt8)
        case invalidEscape
        case loneSurrogate
        case invalidUTF8
        case invalidNumber
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
        case duplicateName(String)
        case tooLarge(limit: Int)
    }

    package var reason: Reason
    /// Offset in bytes from the start of the text.
    package var offset: Int

    package init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    package var description: String {
        switch reason {
        case .empty: "it is empty"
        case .unexpectedByte(let byte):
            byte == 0
                ? "a NUL byte at byte \(offset) is not JSON"
                : "unexpected \(Self.show(byte)) at byte \(offset)"
        case .unexpectedEnd: "the text ends at byte \(offset) in the middle of a value"
        case .trailingBytes: "there is more after the JSON value, at byte \(offset)"
        case .controlCharacterInString(let byte):
            "an unescaped control character (\(Self.show(byte))) in a string at byte \(offset)"
        case .invalidEscape: "an invalid escape sequence at byte \(offset)"
        case .loneSurrogate: "a lone surrogate escape at byte \(offset) is not Unicode text"
        case .invalidUTF8: "invalid UTF-8 at byte \(offset)"
        case .invalidNumber: "an invalid number at byte \(offset)"
        case .tooDeep(let limit): "nested more than \(limit) levels deep at byte \(offset)"
        case .tooManyValues(let limit): "more than \(limit) values"
        case .duplicateName(let name): "the name \"\(Self.show(name))\" is given twice in one object, at byte \(offset)"
        case .tooLarge(let limit): "larger than \(limit) bytes"
        }
    }

    /// A caller's word, by scalars: a character may be megabytes.
    private static func show(_ name: String) -> String {
        guard name.utf8.count > 100 else { return name }
        var shown = ""
        for scalar in name.unicodeScalars.prefix(25) { shown.unicodeScalars.append(scalar) }
        return shown + "…"
    }

    private static func show(_ byte: UInt8) -> String {
        byte > 0x20 && byte < 0x7F
            ? "'\(Character(UnicodeScalar(byte)))'"
            : "byte 0x\(String(byte, radix: 16, uppercase: true))"
    }
}

/// The limits to the cost of reading a JSON text.
package struct JSONLimits: Sendable {
    /// The greatest depth of nested objects and arrays.
    package var depth: Int
    /// The largest number of values that are indexed; those below
    /// ``indexedDepth`` are checked but cost no memory.
    package var values: Int
    /// Down to which depth values are indexed; 1 is the top object's members.
    package var indexedDepth: Int
    /// The one member of the top object that is indexed down to the ground
    /// all the same; nil is none.
    package var indexedMember: StaticString?
    /// True where two members of one name are refused in every object, and not
    /// in those alone whose members are indexed. Text that is no UTF-8, and
    /// lone surrogates, are refused in any case.
    package var isStrict: Bool

    package init(
        depth: Int = 128, values: Int = 1_000_000, indexedDepth: Int = .max, indexedMember: StaticString? = nil,
        isStrict: Bool = false
    ) {
        self.depth = depth
        self.values = values
        self.indexedDepth = indexedDepth
        self.indexedMember = indexedMember
        self.isStrict = isStrict
    }

    /// Everything is indexed: for reading a request in full.
    package static let whole = JSONLimits()
    /// Everything is checked, only the top object's members are indexed: for
    /// forwarding.
    package static let skim = JSONLimits(indexedDepth: 1)
    /// As ``skim``, and refuses whatever ``whole`` refuses: for forwarding what
    /// was judged by its content, so that no reader finds other content in it.
    package static let strictSkim = JSONLimits(indexedDepth: 1, isStrict: true)
    /// As ``skim``, and one member of the top object is indexed in full: for
    /// reading that one out of a text that is forwarded.
    package static func skim(indexing member: StaticString) -> JSONLimits {
        JSONLimits(indexedDepth: 1, indexedMember: member)
    }
}
