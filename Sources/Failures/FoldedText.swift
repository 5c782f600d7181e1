/// A message as it is compared: without case, and with one space for any run
/// of white space.
struct FoldedText {
    private(set) var bytes: [UInt8] = []
    /// Of each byte, its index in the text that it came from.
    private(set) var origins: [Int] = []
    /// Of the text that it came from, in bytes.
    let length: Int

    init(_ text: [UInt8]) {
        length = text.count
        bytes.reserveCapacity(text.count)
        origins.reserveCapacity(text.count)
        var fold = Folding()
        for (index, byte) in text.enumerated() {
            guard let folded = fold.next(byte) else { continue }
            bytes.append(folded)
            origins.append(index)
        }
    }
}

/// Lower case and single spaces, byte by byte.
struct Folding {
    private var wasSpace = false

    /// - Returns: nil for a further byte of a run of white space.
    mutating func next(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x20, 0x09...0x0D:
            defer { wasSpace = true }
            return wasSpace ? nil : 0x20
        case 0x41...0x5A:
            wasSpace = false
            return byte | 0x20
        default:
            wasSpace = false
            return byte
        }
    }
}

/// The bytes of a JSON text with the escapes of its strings replaced by the
/// characters that they stand for. Bytes that are no JSON pass as they are.
struct JSONUnescaping {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    /// The rest of a character that took more than one byte, the next byte
    /// lowest.
    private var waiting: UInt32 = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func next() -> UInt8? {
        if waiting != 0 {
            defer { waiting >>= 8 }
            return UInt8(truncatingIfNeeded: waiting)
        }
        guard index < bytes.count else { return nil }
        let byte = bytes[index]
        index += 1
        // A typesetter's apostrophe is compared as the plain one.
        if byte == 0xE2, index + 1 < bytes.count, bytes[index] == 0x80, bytes[index + 1] == 0x99 {
            index += 2
            return UInt8(ascii: "'")
        }
        guard byte == UInt8(ascii: "\\"), index < bytes.count else { return byte }
        let escape = bytes[index]
        index += 1
        switch escape {
        case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "f"): return 0x20
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "u"): return unicode()
        default: return escape
        }
    }

    /// The character of four hexadecimal digits, or of two times four that
    /// make a pair.
    private mutating func unicode() -> UInt8? {
        guard var code = digits(at: index) else { return UInt8(ascii: "u") }
        index += 4
        if code >> 10 == 0x36, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u"), let low = digits(at: index + 2), low >> 10 == 0x37
        {
            code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
            index += 6
        }
        if code == 0x2019 { code = 0x27 }
        guard let scalar = Unicode.Scalar(code) else { return UInt8(ascii: "?") }
        var rest: UInt32 = 0
        var shift: UInt32 = 0
        for byte in UTF8.encode(scalar)! {
            rest |= UInt32(byte) << shift
            shift += 8
        }
        waiting = rest >> 8
        return UInt8(truncatingIfNeeded: rest)
    }

    private func digits(at start: Int) -> UInt32? {
        guard start + 4 <= bytes.count else { return nil }
        var code: UInt32 = 0
        for place in start..<start + 4 {
            let byte = bytes[place]
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46, 0x61...0x66: digit = (byte | 0x20) - 0x57
            default: return nil
            }
            code = code << 4 | UInt32(digit)
        }
        return code
    }
}
