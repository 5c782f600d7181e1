/// Writes an entry: one map in deterministic CBOR (RFC 8949 §4.2.1), its keys
/// the numbers of ``EntryMember``.
///
/// It is the caller's duty to write members in the order of their numbers,
/// each at most once. ``EntryText`` reads nothing else.
package struct EntryWriter {
    private let target: UnsafeMutableRawBufferPointer
    /// The position of the next byte. Past the end of the target nothing is written, but the position still advances,
    /// so that it shows how many bytes the entry needs.
    private var place = 0
    /// The number of members or items so far in the map or list that is being written.
    private var count = 0

    private init(_ target: UnsafeMutableRawBufferPointer) { self.target = target }

    /// - Parameter members: is called again where the entry is longer than
    ///   most are, and has to write the same.
    package static func entry(_ members: (inout EntryWriter) -> Void) -> [UInt8] {
        var capacity = 512
        while true {
            var needed = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                var writer = EntryWriter(UnsafeMutableRawBufferPointer(buffer))
                writer.collect(Kind.map, members)
                needed = writer.place
                count = min(needed, capacity)
            }
            if needed <= capacity { return bytes }
            capacity = needed
        }
    }

    // MARK: Members

    package mutating func member(_ member: EntryMember, _ text: String) {
        key(member)
        write(text)
    }

    package mutating func member(_ member: EntryMember, _ number: Int) {
        key(member)
        if number >= 0 { head(Kind.unsigned, UInt64(number)) } else { head(Kind.negative, UInt64(~number)) }
    }

    /// Writes the member with the value true; a member that is false is left out.
    package mutating func member(_ member: EntryMember) {
        key(member)
        put(Kind.yes)
    }

    package mutating func member(_ member: EntryMember, bytes: UnsafeRawBufferPointer) {
        key(member)
        head(Kind.bytes, UInt64(bytes.count))
        put(bytes)
    }

    package mutating func member(_ member: EntryMember, ifPresent text: String?) {
        if let text { self.member(member, text) }
    }

    package mutating func member(_ member: EntryMember, ifPresent number: Int?) {
        if let number { self.member(member, number) }
    }

    /// - Parameter elements: writes them, with ``object(_:)`` and ``text(_:)``.
    package mutating func list(_ member: EntryMember, _ elements: (inout EntryWriter) -> Void) {
        key(member)
        collect(Kind.list, elements)
    }

    /// - Parameter members: writes them, in the order of their numbers.
    package mutating func object(_ member: EntryMember, _ members: (inout EntryWriter) -> Void) {
        key(member)
        collect(Kind.map, members)
    }

    // MARK: Elements of a list

    package mutating func object(_ members: (inout EntryWriter) -> Void) {
        count += 1
        collect(Kind.map, members)
    }

    package mutating func text(_ text: String) {
        count += 1
        write(text)
    }

    // MARK: CBOR

    /// The three bits of a kind, in their place.
    private enum Kind {
        static let unsigned: UInt8 = 0 << 5
        static let negative: UInt8 = 1 << 5
        static let bytes: UInt8 = 2 << 5
        static let text: UInt8 = 3 << 5
        static let list: UInt8 = 4 << 5
        static let map: UInt8 = 5 << 5
        static let yes: UInt8 = 0xF5
    }

    private mutating func key(_ member: EntryMember) {
        count += 1
        head(Kind.unsigned, UInt64(member.rawValue))
    }

    private mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            head(Kind.text, UInt64(bytes.count))
            put(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Writes a map or list around `body`. The head has to contain the number of elements, which is known only after
    /// `body` has run.
    private mutating func collect(_ kind: UInt8, _ body: (inout EntryWriter) -> Void) {
        let (outer, start) = (count, place)
        count = 0
        place += 1
        body(&self)
        let end = place
        let length = Self.headLength(UInt64(count))
        if length > 1, end + length - 1 <= target.count {
            let inside = UnsafeRawBufferPointer(rebasing: target[start + 1..<end])
            UnsafeMutableRawBufferPointer(rebasing: target[(start + length)...]).copyMemory(from: inside)
        }
        place = start
        head(kind, UInt64(count))
        place = end + length - 1
        count = outer
    }

    private static func headLength(_ number: UInt64) -> Int {
        switch number {
        case ..<24: 1
        case ..<0x100: 2
        case ..<0x1_0000: 3
        case ..<0x1_0000_0000: 5
        default: 9
        }
    }

    private mutating func head(_ kind: UInt8, _ number: UInt64) {
        let length = Self.headLength(number)
        switch length {
        case 1: return put(kind | UInt8(number))
        case 2: put(kind | 24)
        case 3: put(kind | 25)
        case 5: put(kind | 26)
        default: put(kind | 27)
        }
        for byte in stride(from: length - 2, through: 0, by: -1) {
            put(UInt8(truncatingIfNeeded: number >> UInt64(8 * byte)))
        }
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        if place < target.count { target[place] = byte }
        place += 1
    }

    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        if let base = bytes.baseAddress, place + bytes.count <= target.count {
            (target.baseAddress! + place).copyMemory(from: base, byteCount: bytes.count)
        }
        place += bytes.count
    }
}
