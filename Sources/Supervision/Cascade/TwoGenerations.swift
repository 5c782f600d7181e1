/// Values by their keyed hashes, within a bound of memory. A pure value: no
/// clock, no lock.
///
/// What is used moves to the younger generation, and when that has half of the
/// memory, the older one is dropped. So nothing that is used in every turn of a
/// conversation is forgotten before all that is not.
package struct TwoGenerations<Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        var value: Value
        var bytes: Int
    }

    private var young: [WindowKey: Entry] = [:]
    private var old: [WindowKey: Entry] = [:]
    private var youngBytes = 0
    private let half: Int

    /// The bytes of a key with its share of the table.
    private static var bytesPerKey: Int { 64 }

    /// - Parameter bytes: The most that it may take.
    package init(bytes: Int) { half = bytes / 2 }

    package var count: Int { young.count + old.count }

    /// The value of a key, which then counts as used.
    package mutating func value(of key: WindowKey) -> Value? {
        if let known = young[key] { return known.value }
        guard let known = old.removeValue(forKey: key) else { return nil }
        add(key, known)
        return known.value
    }

    /// Remembers a value; one that is larger than a generation isn't kept.
    /// - Parameter bytes: The value's size.
    package mutating func remember(_ key: WindowKey, _ value: Value, bytes: Int) {
        add(key, Entry(value: value, bytes: bytes + Self.bytesPerKey))
    }

    private mutating func add(_ key: WindowKey, _ entry: Entry) {
        guard entry.bytes <= half, young[key] == nil else { return }
        if youngBytes + entry.bytes > half {
            old = young
            young = [:]
            youngBytes = 0
        }
        young[key] = entry
        youngBytes += entry.bytes
    }
}
