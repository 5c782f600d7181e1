/// The scores of windows that were judged lately, least recently used first to
/// go. A pure value: no clock, no lock.
package struct WindowScoreCache: Sendable {
    /// The remembrance of a window.
    package enum Memory: Sendable, Hashable {
        case scored(HeadScores)
        /// The window was new in an earlier request, which had others that were
        /// more worth a look: it is not new any more.
        case passedOver
    }

    private struct Entry {
        var key: WindowKey
        var memory: Memory
        var older: Int
        var newer: Int
    }

    /// The bytes of one entry with its share of the table, rounded up.
    package static let bytesPerEntry = 160

    private let capacity: Int
    private var places: [WindowKey: Int] = [:]
    private var entries: [Entry] = []
    private var newest = -1
    private var oldest = -1

    /// - Parameter bytes: The most that it may take; at least one entry.
    package init(bytes: Int = 8 << 20) { capacity = max(1, bytes / Self.bytesPerEntry) }

    package var count: Int { entries.count }

    /// The memory of a window, which then counts as used.
    package mutating func memory(of key: WindowKey) -> Memory? {
        guard let place = places[key] else { return nil }
        use(place)
        return entries[place].memory
    }

    /// Remembers a window, in place of the one that was used least lately
    /// where the cache is full. A score is never replaced by its lack.
    package mutating func remember(_ key: WindowKey, _ memory: Memory) {
        if let place = places[key] {
            if case .scored = memory { entries[place].memory = memory }
            return use(place)
        }
        let place: Int
        if entries.count < capacity {
            place = entries.count
            entries.append(Entry(key: key, memory: memory, older: -1, newer: -1))
        } else {
            place = oldest
            unlink(place)
            places[entries[place].key] = nil
            entries[place] = Entry(key: key, memory: memory, older: -1, newer: -1)
        }
        places[key] = place
        link(place)
    }

    /// Forgets everything: another policy or other weights judge from now on.
    package mutating func removeAll() {
        places = [:]
        entries = []
        (newest, oldest) = (-1, -1)
    }

    private mutating func use(_ place: Int) {
        guard newest != place else { return }
        unlink(place)
        link(place)
    }

    private mutating func link(_ place: Int) {
        entries[place].older = newest
        entries[place].newer = -1
        if newest >= 0 { entries[newest].newer = place } else { oldest = place }
        newest = place
    }

    private mutating func unlink(_ place: Int) {
        let (older, newer) = (entries[place].older, entries[place].newer)
        if older >= 0 { entries[older].newer = newer } else { oldest = newer }
        if newer >= 0 { entries[newer].older = older } else { newest = older }
    }
}
