/// The bytes of one text while a stage reads them.
typealias Bytes = UnsafeBufferPointer<UInt8>

/// Questions about bytes and characters that several stages ask.
enum Characters {
    @inline(__always)
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }
    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 9 < 5 }
    @inline(__always)
    static func isBreak(_ byte: UInt8) -> Bool { byte == 10 || byte == 13 }

    /// The value of a hexadecimal digit; nil for other bytes.
    @inline(__always)
    static func hex(_ byte: UInt8) -> UInt32? {
        if isDigit(byte) { return UInt32(byte &- UInt8(ascii: "0")) }
        let letter = (byte | 0x20) &- UInt8(ascii: "a")
        return letter < 6 ? UInt32(letter) + 10 : nil
    }

    /// Reads the character at a place.
    ///
    /// Texts come from strings and from bytes that were checked, so that all
    /// are whole; a byte that starts none is read as U+FFFD.
    @inline(__always)
    static func scalar(at place: Int, in bytes: Bytes) -> (value: UInt32, length: Int) {
        let first = UInt32(bytes[place])
        if first < 0x80 { return (first, 1) }
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        guard first >= 0xC2, place + length <= bytes.count else { return (0xFFFD, 1) }
        var value = first & (0x7F >> UInt32(length))
        for offset in 1..<length { value = value << 6 | UInt32(bytes[place + offset] & 0x3F) }
        return (value <= 0x10FFFF ? value : 0xFFFD, length)
    }

    /// Appends a character as UTF-8; nothing for what is no scalar value.
    @inline(__always)
    static func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
        if scalar < 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: scalar))
        } else if scalar < 0x800 {
            bytes.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        } else if scalar < 0x10000 {
            guard scalar & 0xF800 != 0xD800 else { return }
            bytes.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        } else if scalar <= 0x10FFFF {
            bytes.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        }
    }

    /// Says whether the text at a place begins with a literal, in either case
    /// where the literal has small letters, or exactly.
    static func begins(
        _ bytes: Bytes, at place: Int, with literal: StaticString, exactly isExact: Bool = false
    ) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard place >= 0, place + count <= bytes.count else { return false }
        for offset in 0..<count {
            let byte = bytes[place + offset]
            let small = !isExact && isLetter(byte) ? byte | 0x20 : byte
            if small != literal.utf8Start[offset] { return false }
        }
        return true
    }

    /// The length of the longest start of `bytes` that is text: UTF-8 without
    /// control characters other than white space.
    static func readablePrefix(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBufferPointer { bytes in
            var place = 0
            while place < bytes.count {
                let byte = bytes[place]
                if byte < 0x80 {
                    if byte < 0x20 && !isSpace(byte) || byte == 0x7F { return place }
                    place += 1
                    continue
                }
                let (value, length) = scalar(at: place, in: bytes)
                // What has other bytes when written again was no UTF-8.
                guard length > 1, Unicode.Scalar(value) != nil, isWhole(bytes, place, value, length) else {
                    return place
                }
                if value < 0xA0 || value >= 0xFFF0 && value <= 0xFFFF { return place }
                place += length
            }
            return place
        }
    }

    private static func isWhole(_ bytes: Bytes, _ place: Int, _ value: UInt32, _ length: Int) -> Bool {
        let shortest: [UInt32] = [0, 0, 0x80, 0x800, 0x10000]
        guard value >= shortest[length] else { return false }
        for offset in 1..<length where bytes[place + offset] & 0xC0 != 0x80 { return false }
        return true
    }

    /// Says whether bytes that are text look like words: letters and spaces
    /// for the most part. Short ones have to be ASCII, and nothing else.
    static func isWords(_ bytes: some Collection<UInt8>) -> Bool {
        var words = 0
        var foreign = 0
        for byte in bytes {
            if byte >= 0x80 { foreign += 1 } else if isLetter(byte) || isSpace(byte) { words += 1 }
        }
        return bytes.count < 12 ? words == bytes.count : (words + foreign) * 10 >= bytes.count * 6
    }
}
