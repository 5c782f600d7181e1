/// The counts of one subject in one hour, minute by minute.
///
/// In packed form, they take two to six bytes for a minute in which something happened, and none for other minutes: the
/// number of counters, then for each counter its name, the minutes that aren't zero (a list if there are up to 8,
/// otherwise a bitmap of 60 bits) and their counts. All numbers are LEB128, except the bitmap's eight bytes, which are
/// little-endian.
package struct HourCounts: Sendable, Hashable {
    package static let minutes = 60
    private static let listed = 8

    private var counters: [Counter: [UInt32]] = [:]

    package init() {}

    /// Counters and their sixty counts.
    package var all: [Counter: [UInt32]] { counters }

    /// - Parameter minute: of the hour.
    package mutating func add(_ counter: Counter, minute: Int, _ count: UInt32 = 1) {
        guard count > 0, (0..<Self.minutes).contains(minute) else { return }
        counters[counter, default: Array(repeating: 0, count: Self.minutes)][minute] &+= count
    }

    package mutating func add(_ other: HourCounts) {
        for (counter, counts) in other.counters {
            for (minute, count) in counts.enumerated() { add(counter, minute: minute, count) }
        }
    }

    // MARK: Packed

    package var packed: [UInt8] {
        var bytes: [UInt8] = []
        Self.append(UInt64(counters.count), to: &bytes)
        let sorted = counters.map { (name: $0.key.text, counts: $0.value) }.sorted { $0.name < $1.name }
        for (name, counts) in sorted {
            Self.append(UInt64(name.utf8.count), to: &bytes)
            bytes.append(contentsOf: name.utf8)
            let busy = counts.indices.filter { counts[$0] > 0 }
            bytes.append(UInt8(busy.count))
            if busy.count <= Self.listed {
                bytes.append(contentsOf: busy.map(UInt8.init))
            } else {
                let bitmap = busy.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
                withUnsafeBytes(of: bitmap.littleEndian) { bytes.append(contentsOf: $0) }
            }
            for minute in busy { Self.append(UInt64(counts[minute]), to: &bytes) }
        }
        return bytes
    }

    /// Nil for bytes that are none; counters that a later version wrote are
    /// left out.
    package init?(packed bytes: [UInt8]) {
        var rest = bytes[...]
        guard let count = Self.number(&rest), count <= 10_000 else { return nil }
        for _ in 0..<count {
            guard let length = Self.number(&rest), length <= rest.count else { return nil }
            let name = String(decoding: rest.prefix(Int(length)), as: UTF8.self)
            rest = rest.dropFirst(Int(length))
            guard let many = rest.popFirst(), many <= Self.minutes else { return nil }
            var busy: [Int]
            if many <= Self.listed {
                guard rest.count >= many else { return nil }
                busy = rest.prefix(Int(many)).map(Int.init)
                rest = rest.dropFirst(Int(many))
            } else {
                guard rest.count >= 8 else { return nil }
                let bitmap = rest.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                busy = (0..<64).filter { bitmap >> UInt64($0) & 1 == 1 }
                rest = rest.dropFirst(8)
            }
            guard busy.count == Int(many), busy.allSatisfy({ $0 < Self.minutes }) else { return nil }
            for minute in busy {
                guard let number = Self.number(&rest), let small = UInt32(exactly: number) else { return nil }
                if let counter = Counter(name) { add(counter, minute: minute, small) }
            }
        }
        guard rest.isEmpty else { return nil }
    }

    private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        var number = number
        while number >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: number) | 0x80)
            number >>= 7
        }
        bytes.append(UInt8(number))
    }

    private static func number(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 63, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            number |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return number }
        }
        return nil
    }
}
