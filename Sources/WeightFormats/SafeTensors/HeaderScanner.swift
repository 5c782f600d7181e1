import Encodings

/// Reads a safetensors header's JSON (RFC 8259), of which it takes what such
/// a header is made of: objects, strings and whole numbers, no member twice.
///
/// It knows at each place what must come, so that there is no depth to bound
/// and nothing to skip.
struct HeaderScanner {
    private let bytes: [UInt8]
    private var place = 0
    /// The offset in the file at which the header starts.
    private let start: UInt64

    init(_ bytes: [UInt8], start: UInt64) { (self.bytes, self.start) = (bytes, start) }

    /// In the file.
    var offset: UInt64 { start + UInt64(place) }

    func problem(_ what: String) -> FormatProblem { .malformed("the header \(what)", at: offset) }

    /// The next byte that is not white space; nil at the end.
    private mutating func next() -> UInt8? {
        while place < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[place]) { place += 1 }
        return place < bytes.count ? bytes[place] : nil
    }

    mutating func expect(_ character: Unicode.Scalar) throws(FormatProblem) {
        guard next() == UInt8(ascii: character) else { throw problem("has no \(character) where one must be") }
        place += 1
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next() == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    /// An object; `member` reads the value.
    mutating func object(
        _ member: (inout HeaderScanner, String) throws(FormatProblem) -> Void
    ) throws(FormatProblem) {
        try expect("{")
        guard !take("}") else { return }
        var names: Set<String> = []
        repeat {
            guard next() == UInt8(ascii: "\"") else { throw problem("has no member's name where one must be") }
            let place = self.place
            let name = try string()
            guard names.insert(name).inserted else {
                self.place = place
                throw problem("has the member \(Printable.quoted(name)) twice")
            }
            try expect(":")
            try member(&self, name)
        } while take(",")
        try expect("}")
    }

    /// An array of up to `most` whole numbers that are not negative.
    mutating func numbers(most: Int) throws(FormatProblem) -> [UInt64] {
        try expect("[")
        guard !take("]") else { return [] }
        var numbers: [UInt64] = []
        repeat {
            guard numbers.count < most else { throw problem("has an array of more than \(most) numbers") }
            numbers.append(try number())
        } while take(",")
        try expect("]")
        return numbers
    }

    private mutating func number() throws(FormatProblem) -> UInt64 {
        _ = next()
        let digits = bytes[place...].prefix(21).prefix { (0x30...0x39).contains($0) }
        guard let number = UInt64(String(decoding: digits, as: UTF8.self)), digits.count == 1 || digits.first != 0x30
        else { throw problem("has something other than a whole number from 0 on") }
        place += digits.count
        return number
    }

    mutating func string() throws(FormatProblem) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while true {
            guard place < bytes.count else { throw problem("ends within a string") }
            let byte = bytes[place]
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw problem("has a string that is not UTF-8")
                }
                place += 1
                return string
            case UInt8(ascii: "\\"):
                place += 1
                try escape(into: &text)
            case 0..<0x20: throw problem("has a control character in a string")
            default:
                text.append(byte)
                place += 1
            }
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(FormatProblem) {
        guard place < bytes.count else { throw problem("ends within a string") }
        let letter = bytes[place]
        place += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = UInt32(try unit())
            if (0xD800..<0xDC00).contains(code) {
                guard bytes[place...].starts(with: "\\u".utf8) else { throw problem("has half a character") }
                place += 2
                let low = UInt32(try unit())
                guard (0xDC00..<0xE000).contains(low) else { throw problem("has half a character") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw problem("has half a character") }
            text.append(contentsOf: UTF8.encode(scalar)!)
        default: throw problem("has an escape that JSON does not know")
        }
    }

    private mutating func unit() throws(FormatProblem) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard place < bytes.count, let digit = Character(Unicode.Scalar(bytes[place])).hexDigitValue else {
                throw problem("has \\u without four digits")
            }
            unit = unit << 4 | UInt16(digit)
            place += 1
        }
        return unit
    }

    /// Checks that the rest of the header is spaces, which are the format's padding.
    mutating func end() throws(FormatProblem) {
        if let other = bytes[place...].firstIndex(where: { $0 != 0x20 }) {
            place = other
            throw problem("goes on behind its end")
        }
    }
}
