package import Wire

/// The forms that strings of an answer have which are no text.
///
/// A dialect's table says which members are structural; this says whether
/// their value looks like it. A sentence in the place of an id is judged.
package enum AnswerForm {
    /// Returns whether a string can be an id, a name or a word of an enum: up to
    /// 256 bytes of visible ASCII.
    package static func isName(_ text: String) -> Bool {
        text.utf8.count <= 256 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// Returns whether a string can be a signature or other bytes in base 64,
    /// of either alphabet.
    package static func isBase64(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "="): true
            default: false
            }
        }
    }

    /// Returns the kind of a part that stands in a `data:` URL; nil for any
    /// other string.
    ///
    /// https://www.rfc-editor.org/rfc/rfc2397
    package static func unseen(inURL text: String) -> UnseenPart? {
        guard text.utf8.starts(with: "data:".utf8), let comma = text.utf8.firstIndex(of: UInt8(ascii: ",")) else {
            return nil
        }
        let head = text.utf8[..<comma]
        guard isName(String(text[..<comma])), head.suffix(7).elementsEqual(";base64".utf8),
            isBase64(String(text[text.utf8.index(after: comma)...]))
        else { return nil }
        let kind = head.dropFirst(5)
        if kind.starts(with: "image/".utf8) { return .image }
        return kind.starts(with: "audio/".utf8) ? .audio : .file
    }
}

/// The place of a string in a JSON value.
package enum StringPlace: Sendable, Equatable {
    /// The name of a member.
    case name
    /// The value of that member, or of an array that is; nil where neither the
    /// value nor an object around it has a name.
    case value(of: String?)
}

extension JSONView {
    /// Calls `body` with every string in the value, names of members included,
    /// in their order.
    package func eachString(of member: String? = nil, _ body: (_ place: StringPlace, _ text: String) -> Void) {
        switch kind {
        case .string: body(.value(of: member), string ?? "")
        case .array: for element in elements { element.eachString(of: member, body) }
        case .object:
            for (name, value) in members {
                let name = name.string ?? ""
                body(.name, name)
                value.eachString(of: name, body)
            }
        case .number, .true, .false, .null: break
        }
    }

    /// Every string in the value, names of members included, in their order.
    package var placedStrings: [(place: StringPlace, text: String)] {
        var strings: [(place: StringPlace, text: String)] = []
        eachString { strings.append(($0, $1)) }
        return strings
    }
}

/// The arguments of a tool call, gathered as their fragments come.
///
/// Fragments are judged as they are; where JSON's escapes hide letters, the
/// names and strings without escapes are judged too, once the call is whole.
package struct CallText: Sendable {
    private var raw = ""

    package init() {}

    package mutating func add(_ fragment: String) {
        // More is never released: whoever holds the call has a limit.
        if raw.utf8.count <= Self.most { raw += fragment }
    }

    private static let most = 4 << 20

    /// The names and strings of the arguments, one a line; nil where no escape
    /// hides any.
    package var unescaped: String? {
        guard raw.utf8.contains(UInt8(ascii: "\\")), let document = try? JSONDocument(raw) else { return nil }
        return document.root.placedStrings.map(\.text).joined(separator: "\n")
    }
}
