/// The spellings of characters by other characters: entities of HTML, percent
/// escapes of addresses, backslash escapes of programs.
enum Escapes {
    /// A decoded escape.
    struct Found {
        var end: Int
        var bytes: [UInt8] = []
        /// A letter or a digit of ASCII was escaped, which needs no escape.
        var isNeedless = false
        /// The escape is so common that it makes no passage of its own.
        var isOrdinary = false
    }

    /// Reads an entity at an ampersand (HTML §13.5).
    static func entity(_ input: Bytes, at start: Int) -> Found? {
        var place = start + 1
        guard place < input.count else { return nil }
        guard input[place] == UInt8(ascii: "#") else { return named(input, at: start) }
        place += 1
        guard place < input.count else { return nil }
        let isHex = input[place] | 0x20 == UInt8(ascii: "x")
        if isHex { place += 1 }
        var value: UInt32 = 0
        let digits = place
        while place < input.count, place - digits < 10, let digit = Characters.hex(input[place]), isHex || digit < 10 {
            value = min(value * (isHex ? 16 : 10) + digit, 0x11_0000)
            place += 1
        }
        guard place > digits else { return nil }
        if place < input.count, input[place] == UInt8(ascii: ";") { place += 1 }
        return character(value, end: place)
    }

    private static let names: [(StaticString, UInt8)] = [
        ("amp", 0x26), ("lt", 0x3C), ("gt", 0x3E), ("quot", 0x22), ("apos", 0x27), ("nbsp", 0x20), ("Tab", 0x20),
        ("NewLine", 0x20), ("excl", 0x21), ("num", 0x23), ("percnt", 0x25), ("lpar", 0x28), ("rpar", 0x29),
        ("ast", 0x2A), ("plus", 0x2B), ("comma", 0x2C), ("period", 0x2E), ("sol", 0x2F), ("colon", 0x3A),
        ("semi", 0x3B), ("equals", 0x3D), ("quest", 0x3F), ("commat", 0x40), ("lsqb", 0x5B), ("lbrack", 0x5B),
        ("bsol", 0x5C), ("rsqb", 0x5D), ("rbrack", 0x5D), ("lowbar", 0x5F), ("lcub", 0x7B), ("verbar", 0x7C),
        ("vert", 0x7C), ("rcub", 0x7D),
    ]

    private static func named(_ input: Bytes, at start: Int) -> Found? {
        var end = start + 1
        while end < input.count, end - start <= 8, Characters.isLetter(input[end]) { end += 1 }
        guard end < input.count, input[end] == UInt8(ascii: ";"), end > start + 1 else { return nil }
        for (name, byte) in names where name.utf8CodeUnitCount == end - start - 1 {
            if (0..<name.utf8CodeUnitCount).allSatisfy({ name.utf8Start[$0] == input[start + 1 + $0] }) {
                // An ampersand before what may be another entity was encoded twice.
                let isDoubled =
                    byte == 0x26 && end + 1 < input.count
                    && (input[end + 1] == UInt8(ascii: "#") || Characters.isLetter(input[end + 1]))
                return Found(end: end + 1, bytes: [byte], isOrdinary: byte != 0x20 && !isDoubled)
            }
        }
        return nil
    }

    /// Reads percent escapes in a row (RFC 3986 §2.1).
    static func percent(_ input: Bytes, at start: Int) -> Found? {
        pairs(input, at: start, behind: 1) { input[$0] == UInt8(ascii: "%") }
    }

    /// Reads backslash escapes: `\uXXXX`, `\u{…}`, `\UXXXXXXXX`, `\xXX`, `\ooo`,
    /// and a line break or tab between words.
    static func backslash(_ input: Bytes, at start: Int) -> Found? {
        guard start + 1 < input.count else { return nil }
        switch input[start + 1] {
        case UInt8(ascii: "x"):
            return pairs(input, at: start, behind: 2) {
                input[$0] == UInt8(ascii: "\\") && $0 + 1 < input.count && input[$0 + 1] == UInt8(ascii: "x")
            }
        case UInt8(ascii: "u"): return unit(input, at: start)
        case UInt8(ascii: "U"):
            guard let value = digits(input, from: start + 2, count: 8) else { return nil }
            return character(value, end: start + 10)
        case UInt8(ascii: "0")...UInt8(ascii: "3"):
            return octal(input, at: start)
        case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            guard start > 0, start + 2 < input.count else { return nil }
            let areWords = Characters.isLetter(input[start - 1]) && Characters.isLetter(input[start + 2])
            return Found(end: start + 2, bytes: [0x20], isOrdinary: !areWords)
        default: return nil
        }
    }

    private static func octal(_ input: Bytes, at start: Int) -> Found? {
        guard start + 4 <= input.count else { return nil }
        var value: UInt32 = 0
        for place in start + 1..<start + 4 {
            let digit = UInt32(input[place] &- UInt8(ascii: "0"))
            guard digit < 8 else { return nil }
            value = value * 8 + digit
        }
        return value < 0x80 ? character(value, end: start + 4) : nil
    }

    private static func unit(_ input: Bytes, at start: Int) -> Found? {
        var place = start + 2
        if place < input.count, input[place] == UInt8(ascii: "{") {
            place += 1
            var value: UInt32 = 0
            let digits = place
            while place < input.count, place - digits < 8, let digit = Characters.hex(input[place]) {
                value = min(value * 16 + digit, 0x11_0000)
                place += 1
            }
            guard place > digits, place < input.count, input[place] == UInt8(ascii: "}") else { return nil }
            return character(value, end: place + 1)
        }
        guard let value = digits(input, from: place, count: 4) else { return nil }
        if value & 0xFC00 == 0xD800, start + 7 < input.count, input[start + 6] == UInt8(ascii: "\\"),
            input[start + 7] == UInt8(ascii: "u"), let low = digits(input, from: start + 8, count: 4),
            low & 0xFC00 == 0xDC00
        {
            return character(0x10000 + (value & 0x3FF) << 10 + low & 0x3FF, end: start + 12)
        }
        return character(value, end: start + 6)
    }

    private static func digits(_ input: Bytes, from start: Int, count: Int) -> UInt32? {
        guard start + count <= input.count else { return nil }
        var value: UInt32 = 0
        for place in start..<start + count {
            guard let digit = Characters.hex(input[place]) else { return nil }
            value = value << 4 | digit
        }
        return value
    }

    private static func character(_ value: UInt32, end: Int) -> Found? {
        guard Unicode.Scalar(value) != nil, value > 0 else { return nil }
        var found = Found(end: end)
        Characters.append(value, to: &found.bytes)
        if value < 0x80 {
            let byte = UInt8(truncatingIfNeeded: value)
            found.isNeedless = Characters.isLetter(byte) || Characters.isDigit(byte)
            found.isOrdinary = byte == 0x22 || byte == 0x26 || byte == 0x27 || byte == 0x3C || byte == 0x3E
        }
        return found
    }

    /// Reads escapes in a row of two digits each, up to 64 KiB of them.
    private static func pairs(_ input: Bytes, at start: Int, behind mark: Int, _ isMark: (Int) -> Bool) -> Found? {
        var found = Found(end: start)
        while found.end + mark + 2 <= input.count, found.end - start < 65536, isMark(found.end),
            let high = Characters.hex(input[found.end + mark]), let low = Characters.hex(input[found.end + mark + 1])
        {
            let byte = UInt8(high << 4 | low)
            if Characters.isLetter(byte) { found.isNeedless = true }
            found.bytes.append(byte)
            found.end += mark + 2
        }
        guard !found.bytes.isEmpty else { return nil }
        // Bytes that are no UTF-8 stand for characters of Latin-1, where they stand for any.
        if Characters.readablePrefix(found.bytes) < found.bytes.count {
            guard mark == 2 else { return nil }
            var text: [UInt8] = []
            for byte in found.bytes where byte > 0 { Characters.append(UInt32(byte), to: &text) }
            found.bytes = text
        }
        return found
    }
}
