package import NIOCore

/// Takes our own secrets out of what a provider says: some providers, and
/// proxies before them, repeat the key that they were sent.
///
/// A secret is found however it is spelt there: in any case, escaped for
/// JSON, an address or HTML, once or several times over, and as part of base
/// 64 or base 16. Cut short it is found, too, where most of it is there. What
/// holds no secret stays as it is, byte for byte.
package struct SecretMask: Sendable {
    /// The text that replaces a secret: plain in JSON, in a header field and in
    /// HTML.
    package static let mark = "[key removed]"
    /// Nothing to look for.
    package static let none = SecretMask([])

    /// Folded, by their first byte.
    private let needles: [[[UInt8]]]
    /// For each byte, true when a secret may begin with it, in any spelling.
    /// With this, most bytes of a text are skipped at once.
    private let starts: [Bool]
    private let shortest: Int
    private let secrets: Set<String>

    /// - Parameter secrets: keys, values of fields, `user:password`. Those of
    ///   fewer than ``SecretForms/shortest`` bytes are left out: they would be
    ///   found where nobody meant them.
    package init(_ secrets: some Sequence<String>) {
        self.init(Set(secrets))
    }

    private init(_ secrets: Set<String>) {
        self.secrets = secrets
        var needles = [[[UInt8]]](repeating: [], count: 256)
        var shortest = Int.max
        for needle in SecretForms.all(of: secrets) {
            needles[Int(needle[0])].append(needle)
            shortest = min(shortest, Self.least(needle))
        }
        starts = (0..<256).map { byte in
            let byte = UInt8(byte)
            return SpeltByte.mayEscape(byte) || !needles[Int(SpeltByte.fold(byte))].isEmpty
        }
        self.needles = shortest == .max ? [] : needles
        self.shortest = shortest
    }

    /// One that looks for the secrets of all.
    package static func union(_ masks: some Sequence<SecretMask>) -> SecretMask {
        SecretMask(masks.reduce(into: Set<String>()) { $0.formUnion($1.secrets) })
    }

    package var isEmpty: Bool { needles.isEmpty }

    // MARK: Masking

    package func masking(_ bytes: ByteBuffer) -> ByteBuffer {
        guard bytes.readableBytes >= shortest else { return bytes }
        let found = bytes.withUnsafeReadableBytes(places)
        guard !found.isEmpty else { return bytes }
        var masked = ByteBufferAllocator().buffer(capacity: bytes.readableBytes)
        var end = 0
        for place in found {
            masked.writeImmutableBuffer(
                bytes.getSlice(at: bytes.readerIndex + end, length: place.lowerBound - end)!)
            masked.writeString(Self.mark)
            end = place.upperBound
        }
        masked.writeImmutableBuffer(bytes.getSlice(at: bytes.readerIndex + end, length: bytes.readableBytes - end)!)
        return masked
    }

    package func masking(_ text: String) -> String {
        guard text.utf8.count >= shortest else { return text }
        var text = text
        let found = text.withUTF8 { places(UnsafeRawBufferPointer($0)) }
        return found.isEmpty ? text : String(buffer: masking(ByteBuffer(string: text)))
    }

    // MARK: Finding

    /// Returns the ranges of secrets, in order and without overlaps.
    private func places(_ bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
        var places: [Range<Int>] = []
        var index = 0
        while index < bytes.count {
            guard starts[Int(bytes[index])] else {
                index += 1
                continue
            }
            if let end = end(ofSecretAt: index, in: bytes) {
                places.append(index..<end)
                index = end
            } else {
                index += 1
            }
        }
        return places
    }

    private func end(ofSecretAt start: Int, in bytes: UnsafeRawBufferPointer) -> Int? {
        let plain = Self.match(needles[Int(SpeltByte.fold(bytes[start]))], at: start, in: bytes)
        guard SpeltByte.mayEscape(bytes[start]), let first = SpeltByte.escaped(at: start, in: bytes),
            let escaped = Self.match(needles[Int(SpeltByte.fold(first.byte))], at: start, in: bytes)
        else { return plain }
        return max(plain ?? 0, escaped)
    }

    /// - Returns: the end of the longest that stands there.
    private static func match(_ needles: [[UInt8]], at start: Int, in bytes: UnsafeRawBufferPointer) -> Int? {
        var longest: Int?
        for needle in needles {
            var index = start
            var matched = 0
            while matched < needle.count, index < bytes.count,
                let next = SpeltByte.next(needle[matched], at: index, in: bytes)
            {
                index = next
                matched += 1
            }
            if matched >= least(needle) { longest = max(longest ?? 0, index) }
        }
        return longest
    }

    /// Returns the number of bytes from which a part of a secret gives the
    /// secret away: all of a short one, two thirds of a long one, whose
    /// beginning may be the same in all keys.
    private static func least(_ needle: [UInt8]) -> Int {
        min(needle.count, max(16, needle.count * 2 / 3))
    }
}

/// One byte of a text, however it is spelt there.
private enum SpeltByte {
    /// Cases are one, and so are the two alphabets of base 64.
    static func fold(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        default: byte
        }
    }

    static func mayEscape(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "%") || byte == UInt8(ascii: "&")
    }

    /// - Returns: the index after the byte `wanted`, which is folded; nil where
    ///   another stands there.
    @inline(__always)
    static func next(_ wanted: UInt8, at index: Int, in bytes: UnsafeRawBufferPointer) -> Int? {
        if fold(bytes[index]) == wanted { return index + 1 }
        guard mayEscape(bytes[index]), let escaped = escaped(at: index, in: bytes), fold(escaped.byte) == wanted else {
            return nil
        }
        return escaped.end
    }

    /// `\u002d`, `\x2d` and `\/` behind any number of backslashes, `%2D` and
    /// `%252D`, `&#45;` and `&#x2d;`.
    static func escaped(at start: Int, in bytes: UnsafeRawBufferPointer) -> (byte: UInt8, end: Int)? {
        var index = start + 1
        switch bytes[start] {
        case UInt8(ascii: "\\"):
            while index < bytes.count, bytes[index] == UInt8(ascii: "\\") { index += 1 }
            guard index < bytes.count else { return nil }
            switch bytes[index] {
            case UInt8(ascii: "u"), UInt8(ascii: "U"):
                return hex(at: index + 1, digits: 4, in: bytes).map { ($0, index + 5) }
            case UInt8(ascii: "x"): return hex(at: index + 1, digits: 2, in: bytes).map { ($0, index + 3) }
            default: return (bytes[index], index + 1)
            }
        case UInt8(ascii: "%"):
            while index + 1 < bytes.count, bytes[index] == UInt8(ascii: "2"), bytes[index + 1] == UInt8(ascii: "5") {
                index += 2
            }
            return hex(at: index, digits: 2, in: bytes).map { ($0, index + 2) }
        default:
            guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "#") else { return nil }
            index += 1
            let isHex = bytes[index] | 0x20 == UInt8(ascii: "x")
            if isHex { index += 1 }
            var value = 0
            let first = index
            while index < bytes.count, index < first + 6, let digit = digit(bytes[index]), isHex || digit < 10 {
                value = value * (isHex ? 16 : 10) + digit
                index += 1
            }
            guard index > first, index < bytes.count, bytes[index] == UInt8(ascii: ";"), value < 128 else { return nil }
            return (UInt8(value), index + 1)
        }
    }

    private static func hex(at start: Int, digits: Int, in bytes: UnsafeRawBufferPointer) -> UInt8? {
        guard start + digits <= bytes.count else { return nil }
        var value = 0
        for index in start..<start + digits {
            guard let digit = digit(bytes[index]) else { return nil }
            value = value << 4 | digit
        }
        return UInt8(exactly: value)
    }

    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}

extension SecretForms {
    /// The forms of all, folded as texts are when they are searched.
    fileprivate static func all(of secrets: Set<String>) -> Set<[UInt8]> {
        var all = Set<[UInt8]>()
        for secret in secrets {
            for form in forms(of: secret) { all.insert(form.map(SpeltByte.fold)) }
        }
        return all
    }
}
