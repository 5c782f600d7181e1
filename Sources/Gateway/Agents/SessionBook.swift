import Conversation
import Synchronization

/// The sessions and agents of late, and what each has used: by the words with
/// which callers mark their requests.
///
/// Bounded: the newest 4,096 to 8,192 of them since the start. What has to
/// last is in the ledger, by digests.
package final class SessionBook: Sendable {
    /// One agent of a session, or a session without several.
    package struct Place: Hashable, Sendable {
        /// The key's id.
        package var key: String
        package var session: String?
        package var agent: String?
    }

    /// The use of one place.
    package struct Use: Sendable, Hashable {
        package var parent: String?
        package var requests = 0
        package var inputTokens = 0
        package var outputTokens = 0
        package var cachedTokens = 0
        /// The number of times that it went on with another candidate.
        package var moves = 0
        /// The tokens that were in the former one's cache.
        package var moveTokens = 0
        /// As `provider/model`.
        package var servedBy: String?
        /// Seconds since 1970.
        package var last = 0
    }

    private let known = Mutex<AgingTable<Place, Use>>(AgingTable(generation: 4096))

    package init() {}

    /// The newest first.
    package var uses: [(place: Place, use: Use)] {
        known.withLock { $0.all }.map { (place: $0.key, use: $0.value) }.sorted { one, other in
            (other.use.last, one.place.key, one.place.session ?? "", one.place.agent ?? "")
                < (one.use.last, other.place.key, other.place.session ?? "", other.place.agent ?? "")
        }
    }

    func note(_ record: RequestRecord, now: Int) {
        let marks = record.marks
        guard marks.session != nil || marks.agent != nil else { return }
        known.withLock { known in
            let place = Place(key: record.keyID, session: marks.session, agent: marks.agent)
            var use = known[place] ?? Use()
            use.parent = marks.parent ?? use.parent
            use.requests += 1
            if let usage = record.usage {
                use.inputTokens &+= usage.input
                use.outputTokens &+= usage.output
                use.cachedTokens &+= usage.cacheRead ?? 0
            }
            if let move = record.move {
                use.moves += 1
                use.moveTokens &+= move.tokens
            }
            use.servedBy = record.lastServed?.id ?? use.servedBy
            use.last = now
            known[place] = use
        }
    }
}
