/// The names of an object's members, as servers read them that take no
/// notice of case: `Model` and `model` are two names in JSON, and one for
/// them.
package struct MemberNames {
    private let object: JSONView
    /// The names as they are spelt, by what they are folded to; nil where no
    /// name has anything to fold, which is usual.
    private var folded: [[UInt8]: String]?
    /// Two names that differ by case only.
    package private(set) var clash: (first: String, second: String)?
    /// Which of the watched names are there, the first in the lowest bit.
    package private(set) var found: UInt64 = 0

    /// One pass over the names.
    ///
    /// - Parameter watched: at most 64 names of at most 63 bytes.
    package init(_ object: JSONView, watching watched: [StaticString] = []) {
        self.object = object
        var lengths: UInt64 = 0
        for name in watched { lengths |= 1 << UInt64(name.utf8CodeUnitCount) }
        for (name, _) in object.members {
            let length = name.range.count - 2
            guard !name.needsFolding else {
                fold(watched)
                return
            }
            guard length < 64, lengths & 1 << UInt64(length) != 0 else { continue }
            for (index, other) in watched.enumerated() where name.isString(other) { found |= 1 << UInt64(index) }
        }
    }

    /// Tells whether one has that name, in whatever case.
    package func contains(_ name: String) -> Bool {
        if let folded { return folded[Self.fold(name)] != nil }
        let name = Self.fold(name)
        return object.members.contains { member in
            member.name.range.count - 2 == name.count && member.name.string?.utf8.elementsEqual(name) == true
        }
    }

    private mutating func fold(_ watched: [StaticString]) {
        var folded: [[UInt8]: String] = [:]
        for (view, _) in object.members {
            // No server knows a longer name, and a caller's may be megabytes.
            guard view.range.count <= Self.longest, let name = view.string else { continue }
            if let other = folded.updateValue(name, forKey: Self.fold(name)), clash == nil { clash = (other, name) }
        }
        self.folded = folded
        found = 0
        for (index, name) in watched.enumerated() where folded[Self.fold("\(name)")] != nil {
            found |= 1 << UInt64(index)
        }
    }

    /// Small letters; and the two that are no ASCII and that some servers'
    /// readers fold to ASCII (U+017F and U+212A).
    ///
    /// - Returns: UTF-8, since a String's hash and equality cost the square of
    ///   its length where it is made of combining marks.
    private static func fold(_ name: String) -> [UInt8] {
        var folded: [UInt8] = []
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\u{17F}": folded.append(UInt8(ascii: "s"))
            case "\u{212A}": folded.append(UInt8(ascii: "k"))
            default: folded.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
            }
        }
        return folded
    }

    /// Of a name as it is spelt, in bytes: escapes take six for one.
    private static let longest = 1024
}

extension JSONView {
    /// Tells whether a name has a byte that isn't plain small ASCII, or an escape.
    fileprivate var needsFolding: Bool {
        document.withBytes(range) { bytes in
            for byte in bytes where byte >= 0x80 || byte == UInt8(ascii: "\\") || (0x41...0x5A).contains(byte) {
                return true
            }
            return false
        }
    }
}
