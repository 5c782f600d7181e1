/// The facts that one search through a chunk's bytes finds without parsing
/// them.
///
/// Inside a JSON string a quote has a backslash before it, so that text which a
/// model writes can't look like a member's name.
struct ChunkMembers {
    /// `usage`, `error` or `finish_reason` with another value than null.
    private(set) var matters = false
    /// `finish_reason` with another value than null.
    private(set) var finishes = false
    /// `tool_calls` with something in it.
    private(set) var calls = false
    /// The highest value below 128 of a member `index`, of a choice or of a
    /// tool call.
    private(set) var index = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        // The shortest is `"usage":1`.
        guard bytes.count >= 9 else { return }
        var place = 0
        let last = bytes.count - 9
        while place <= last {
            guard bytes[place] == UInt8(ascii: "\"") else {
                place += 1
                continue
            }
            switch bytes[place + 1] {
            case UInt8(ascii: "u"):
                if Self.value(of: "usage\"", in: bytes, at: place) != nil { matters = true }
            case UInt8(ascii: "e"):
                if Self.value(of: "error\"", in: bytes, at: place) != nil { matters = true }
            case UInt8(ascii: "f"):
                if Self.value(of: "finish_reason\"", in: bytes, at: place) != nil {
                    matters = true
                    finishes = true
                }
            case UInt8(ascii: "t"):
                if let value = Self.value(of: "tool_calls\"", in: bytes, at: place) {
                    calls = calls || Self.isFilledArray(bytes, at: value)
                }
            case UInt8(ascii: "i"):
                if let value = Self.value(of: "index\"", in: bytes, at: place) {
                    index = max(index, Self.number(bytes, at: value))
                }
            default: break
            }
            place += 1
        }
    }

    /// - Parameter name: The name, with its closing quote.
    /// - Returns: The position at which the value of the member begins whose
    ///   name begins at `place`; nil if that is another member, or null.
    private static func value(of name: StaticString, in bytes: UnsafeRawBufferPointer, at place: Int) -> Int? {
        let length = name.utf8CodeUnitCount
        guard place + 1 + length < bytes.count else { return nil }
        for offset in 0..<length where bytes[place + 1 + offset] != name.utf8Start[offset] { return nil }
        var index = skipSpace(bytes, from: place + 1 + length)
        guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { return nil }
        index = skipSpace(bytes, from: index + 1)
        return index < bytes.count && bytes[index] != UInt8(ascii: "n") ? index : nil
    }

    private static func skipSpace(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] <= 0x20 { index += 1 }
        return index
    }

    private static func isFilledArray(_ bytes: UnsafeRawBufferPointer, at place: Int) -> Bool {
        guard bytes[place] == UInt8(ascii: "[") else { return false }
        let first = skipSpace(bytes, from: place + 1)
        return first < bytes.count && bytes[first] != UInt8(ascii: "]")
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, at place: Int) -> Int {
        var number = 0
        var index = place
        while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 {
            number = number * 10 + Int(bytes[index] &- UInt8(ascii: "0"))
            guard number < 128 else { return 0 }
            index += 1
        }
        return number
    }
}
