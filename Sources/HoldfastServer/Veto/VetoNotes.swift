/// The note which ticks are on record.
package struct TickNote {
    package init() {}

    private var known: [String: UInt64] = [:]

    /// Returns the ticks that have changed; nil where none has.
    package mutating func news(_ ticks: [String: UInt64]) -> [String: UInt64]? {
        let news = ticks.filter { known[$0.key] != $0.value }
        known = ticks
        return news.isEmpty ? nil : news
    }
}

/// The note of writes that have been owed for long.
package struct OwedNote {
    package init() {}

    /// Looks, a second apart, after which a disk has failed.
    private static let patience = 10
    private var looks = 0

    /// Returns a sentence for people, once for each failure of the disk.
    package mutating func problem(_ owed: Int) -> String? {
        guard owed > 0 else {
            looks = 0
            return nil
        }
        looks += 1
        guard looks == Self.patience else { return nil }
        return
            "\(owed) entries of the veto's record can't be written, and a restart would not know them: see to the disk"
    }
}
