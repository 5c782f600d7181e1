package import Wire

/// The form of a structural string: the signs that it is made of, and the most
/// of them.
///
/// No form but that of MIME's base 64 has room for white space. A string of
/// another form than its row of the table says is judged as a text.
package enum StringForm: String, Sendable, Hashable, CaseIterable {
    /// A word of an enum, or the name of a member or of a version.
    case word
    /// An id, or a model's or a media type's name.
    case id
    /// An id that the caller makes, which may be JSON without spaces.
    case opaque
    /// A whole number.
    case digits
    /// Base 64 of either alphabet, in lines or not.
    case base64
    /// Base 64, alone or in a `data:` URL.
    case data
    /// An address, or a `data:` URL in base 64.
    case address
    /// The name of a host, with a path or a wildcard.
    case domain
    /// A secret, as it stands in header fields.
    case token

    /// The most bytes; data may be of any length.
    package var most: Int {
        switch self {
        case .word: 64
        case .id: 256
        case .opaque: 512
        case .digits: 20
        case .base64, .data: .max
        case .address: 2048
        case .domain: 256
        case .token: 8192
        }
    }

    /// Tells whether a string is of the form. Nothing but data is looked at
    /// beyond the most bytes.
    package func matches(_ view: JSONView) -> Bool {
        guard view.kind == .string else { return false }
        return view.withText(matches)
    }

    func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !text.isEmpty else { return true }
        switch self {
        case .data where Self.begins(text, with: "data:"): return Self.isDataURL(text)
        case .address:
            if Self.begins(text, with: "data:") { return Self.isDataURL(text) }
            guard Self.begins(text, with: "https://") || Self.begins(text, with: "http://") else { return false }
        default: break
        }
        return text.count <= most && text.allSatisfy(takes)
    }

    private func takes(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return true
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): return self != .digits
        default: return others.utf8Start.holds(byte, others.utf8CodeUnitCount)
        }
    }

    /// The signs beside letters and digits.
    private var others: StaticString {
        switch self {
        case .word: "_.-$"
        case .id: "_.:/|=+@#~[]-"
        case .opaque: "_.:/|=+@#~[]-{}\",;"
        case .digits: "-"
        case .base64, .data: "+/=_-\r\n"
        case .address: "-._~:/?#[]@!$&'()*+,;=%"
        case .domain: "-._*/:"
        case .token: "-._~+/=:!#$%&'*^`|"
        }
    }

    /// `data:image/png;base64,…`
    private static func isDataURL(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard begins(text, with: "data:"), let comma = text.prefix(128).firstIndex(of: UInt8(ascii: ",")) else {
            return false
        }
        let type = UnsafeBufferPointer(rebasing: text[..<comma])
        let marker = ";base64".utf8
        guard type.count > marker.count, type.suffix(marker.count).elementsEqual(marker),
            type.allSatisfy({ StringForm.id.takes($0) || $0 == UInt8(ascii: ";") })
        else { return false }
        return StringForm.base64.matches(UnsafeBufferPointer(rebasing: text[(comma + 1)...]))
    }

    private static func begins(_ text: UnsafeBufferPointer<UInt8>, with start: StaticString) -> Bool {
        guard text.count >= start.utf8CodeUnitCount else { return false }
        for offset in 0..<start.utf8CodeUnitCount where text[offset] != start.utf8Start[offset] { return false }
        return true
    }
}

extension UnsafePointer<UInt8> {
    fileprivate func holds(_ byte: UInt8, _ count: Int) -> Bool {
        for offset in 0..<count where self[offset] == byte { return true }
        return false
    }
}
