import Encodings

/// An entry as one JSON object without white space: members by their names, times in RFC 3339, digests in base 64.
///
/// Entries of version 1 are such an object already, and are returned unchanged.
package struct EntryText {
    package private(set) var json: [UInt8] = []

    /// - Returns: nil where `entry` is none of ours: anything but one map in
    ///   the deterministic encoding, whose like ``EntryWriter`` writes.
    package init?(_ entry: some Collection<UInt8>) {
        if entry.first == UInt8(ascii: "{") {
            json = Array(entry)
            return
        }
        let bytes = Array(entry)
        json.reserveCapacity(bytes.count * 2)
        guard let first = bytes.first, first >> 5 == 5 else { return nil }
        var place = 0
        guard readValue(bytes, &place, of: nil, depth: 0), place == bytes.count else { return nil }
    }

    /// More than any entry nests.
    private static let mostDepth = 8

    private mutating func readValue(
        _ bytes: [UInt8], _ place: inout Int, of member: EntryMember?, depth: Int
    ) -> Bool {
        guard depth < Self.mostDepth, let (kind, number) = Self.head(bytes, &place) else { return false }
        switch kind {
        case 0:
            guard let number = Int(exactly: number) else { return false }
            if member == .at {
                write("\"\(Timestamp.text(milliseconds: number))\"")
            } else {
                write(String(number))
            }
        case 1:
            guard let number = Int(exactly: number) else { return false }
            write(String(~number))
        case 2:
            guard let string = Self.take(number, bytes, &place) else { return false }
            write("\"\(Base64.encode(Array(string)))\"")
        case 3:
            guard let string = Self.take(number, bytes, &place), let text = String(validating: string, as: UTF8.self)
            else { return false }
            write(quoted: text)
        case 4:
            json.append(UInt8(ascii: "["))
            for index in 0..<number {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                guard readValue(bytes, &place, of: nil, depth: depth + 1) else { return false }
            }
            json.append(UInt8(ascii: "]"))
        case 5: return readMap(number, bytes, &place, depth: depth)
        default:
            guard number == 21 else { return false }
            write("true")
        }
        return true
    }

    private mutating func readMap(_ count: UInt64, _ bytes: [UInt8], _ place: inout Int, depth: Int) -> Bool {
        json.append(UInt8(ascii: "{"))
        var last: UInt64?
        for _ in 0..<count {
            guard let (kind, key) = Self.head(bytes, &place), kind == 0, last.map({ $0 < key }) ?? true else {
                return false
            }
            if last != nil { json.append(UInt8(ascii: ",")) }
            last = key
            // A newer Holdfast says more.
            let member = UInt8(exactly: key).flatMap(EntryMember.init(rawValue:))
            write("\"\(member.map { "\($0.name)" } ?? String(key))\":")
            guard readValue(bytes, &place, of: member, depth: depth + 1) else { return false }
        }
        json.append(UInt8(ascii: "}"))
        return true
    }

    /// A kind and its number, in their shortest form.
    private static func head(_ bytes: [UInt8], _ place: inout Int) -> (kind: UInt8, number: UInt64)? {
        guard place < bytes.count else { return nil }
        let (kind, short) = (bytes[place] >> 5, bytes[place] & 31)
        place += 1
        if short < 24 { return (kind, UInt64(short)) }
        guard short < 28, kind != 7, let tail = take(1 << UInt64(short - 24), bytes, &place) else { return nil }
        let number = tail.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let least: UInt64 = [24, 0x100, 0x1_0000, 0x1_0000_0000][Int(short - 24)]
        return number < least ? nil : (kind, number)
    }

    private static func take(_ count: UInt64, _ bytes: [UInt8], _ place: inout Int) -> ArraySlice<UInt8>? {
        guard count <= UInt64(bytes.count - place) else { return nil }
        defer { place += Int(count) }
        return bytes[place..<place + Int(count)]
    }

    private mutating func write(_ text: String) { json.append(contentsOf: text.utf8) }

    /// Escapes what RFC 8259 §7 demands.
    private mutating func write(quoted text: String) {
        json.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): json.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case ..<0x20: write("\\u00\(Hex.encode([byte]))")
            default: json.append(byte)
            }
        }
        json.append(UInt8(ascii: "\""))
    }
}
