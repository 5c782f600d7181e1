package import NIOCore

/// The inside of JSON strings: escapes and UTF-8.
package enum JSONString {
    /// Returns whether eight bytes are all plain ASCII: no quote, no backslash,
    /// no control character, nothing above 0x7F.
    @inline(__always)
    static func isPlain(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let high: UInt64 = 0x8080_8080_8080_8080
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        // The classic "has a zero byte" and "has a byte less than n" tests.
        let found =
            ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((word &- (ones &* 0x20)) & ~word) | word
        return found & high == 0
    }

    /// The length of the well-formed UTF-8 sequence at `bytes`, 0 if there
    /// is none (Unicode 15, table 3-7).
    static func utf8Length(_ bytes: UnsafePointer<UInt8>, available: Int) -> Int {
        func continues(_ index: Int) -> Bool { bytes[index] & 0xC0 == 0x80 }
        switch bytes[0] {
        case 0..<0x80: return 1
        case 0xC2...0xDF: return available >= 2 && continues(1) ? 2 : 0
        case 0xE0...0xEF:
            guard available >= 3, continues(1), continues(2) else { return 0 }
            if bytes[0] == 0xE0, bytes[1] < 0xA0 { return 0 }
            if bytes[0] == 0xED, bytes[1] > 0x9F { return 0 }
            return 3
        case 0xF0...0xF4:
            guard available >= 4, continues(1), continues(2), continues(3) else { return 0 }
            if bytes[0] == 0xF0, bytes[1] < 0x90 { return 0 }
            if bytes[0] == 0xF4, bytes[1] > 0x8F { return 0 }
            return 4
        default: return 0
        }
    }

    static func hex(_ bytes: UnsafePointer<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        for offset in 0..<4 {
            let byte = bytes[offset]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }

    /// The text of a string's inside that the scanner has checked.
    static func decode(_ inside: UnsafeBufferPointer<UInt8>, isEscaped: Bool) -> String {
        guard isEscaped else { return String(decoding: inside, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: inside.count) { output in
            var read = 0
            var written = 0
            func put(_ byte: UInt8) {
                output[written] = byte
                written += 1
            }
            while read < inside.count {
                let byte = inside[read]
                guard byte == UInt8(ascii: "\\") else {
                    put(byte)
                    read += 1
                    continue
                }
                let escape = inside[read + 1]
                read += 2
                switch escape {
                case UInt8(ascii: "b"): put(0x08)
                case UInt8(ascii: "f"): put(0x0C)
                case UInt8(ascii: "n"): put(0x0A)
                case UInt8(ascii: "r"): put(0x0D)
                case UInt8(ascii: "t"): put(0x09)
                case UInt8(ascii: "u"):
                    var scalar = hex(inside.baseAddress! + read) ?? 0xFFFD
                    read += 4
                    if (0xD800..<0xDC00).contains(scalar) {
                        let low = hex(inside.baseAddress! + read + 2) ?? 0xDC00
                        scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
                        read += 6
                    }
                    // Six or twelve bytes of escape hold at most four of UTF-8.
                    for byte in UTF8.encode(UnicodeScalar(scalar) ?? "\u{FFFD}")! { put(byte) }
                default: put(escape)
                }
            }
            return written
        }
    }

    /// Appends `text` with its quotes, escaping only what RFC 8259 §7 demands.
    package static func append(_ text: String, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "\""))
        appendInside(text, to: &buffer)
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    /// Appends `text` with its quotes in one step, if nothing in it needs
    /// escaping.
    /// - Parameters:
    ///   - comma: Writes one before it.
    ///   - colon: Writes one behind it.
    /// - Returns: True when the text was appended; otherwise nothing is
    ///   written.
    // In one go: what a buffer asks at each writing costs more than the bytes.
    static func appendPlain(
        _ text: String, to buffer: inout ByteBuffer, comma: Bool = false, colon: Bool = false
    ) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            let raw = UnsafeRawBufferPointer(bytes)
            var index = 0
            while index + 8 <= raw.count {
                guard isPlain(raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)) else { return false }
                index += 8
            }
            while index < raw.count {
                let byte = raw[index]
                guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") else {
                    return false
                }
                index += 1
            }
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: raw.count + 4) { target in
                var place = 0
                if comma {
                    target[0] = UInt8(ascii: ",")
                    place = 1
                }
                target[place] = UInt8(ascii: "\"")
                if let base = raw.baseAddress {
                    (target.baseAddress! + place + 1).copyMemory(from: base, byteCount: raw.count)
                }
                place += raw.count + 1
                target[place] = UInt8(ascii: "\"")
                guard colon else { return place + 1 }
                target[place + 1] = UInt8(ascii: ":")
                return place + 2
            }
            return true
        }
    }

    static func appendInside(_ text: String, to buffer: inout ByteBuffer) {
        var text = text
        text.withUTF8 { bytes in
            var clean = 0
            var index = 0
            while index < bytes.count {
                if index + 8 <= bytes.count {
                    let word = UnsafeRawPointer(bytes.baseAddress! + index).loadUnaligned(as: UInt64.self)
                    if isPlain(word) {
                        index += 8
                        continue
                    }
                }
                let byte = bytes[index]
                if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                    index += 1
                    continue
                }
                buffer.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[clean..<index]))
                buffer.writeInteger(UInt8(ascii: "\\"))
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): buffer.writeInteger(byte)
                case 0x08: buffer.writeInteger(UInt8(ascii: "b"))
                case 0x0C: buffer.writeInteger(UInt8(ascii: "f"))
                case 0x0A: buffer.writeInteger(UInt8(ascii: "n"))
                case 0x0D: buffer.writeInteger(UInt8(ascii: "r"))
                case 0x09: buffer.writeInteger(UInt8(ascii: "t"))
                default:
                    let digits = Array("0123456789abcdef".utf8)
                    buffer.writeStaticString("u00")
                    buffer.writeInteger(digits[Int(byte >> 4)])
                    buffer.writeInteger(digits[Int(byte & 0xF)])
                }
                index += 1
                clean = index
            }
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[clean...]))
        }
    }
}
