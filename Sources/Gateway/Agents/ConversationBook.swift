import Conversation
import Resilience
import Routing
import Synchronization

/// The conversations of late: which candidate served each last, how long it
/// has become, and whether it has moved.
///
/// The order of equal candidates is arithmetic (``Routing/Rendezvous``) and
/// needs no memory; what is remembered is that a conversation goes on with
/// another one than the arithmetic says, since it has its cache there now. The
/// memory is bounded, and an hour without a request ends it: no provider's
/// cache lasts longer.
package final class ConversationBook: Sendable {
    private struct Entry {
        var candidate: String
        /// Not the first in its order: that one did not serve it.
        var hasMoved: Bool
        /// The tokens of its last request and answer.
        var tokens: Int
        var last: Duration
    }

    private let known = Mutex<AgingTable<ConversationKey, Entry>>(AgingTable(generation: 4096))
    package static let lasting = Duration.seconds(3600)

    package init() {}

    /// The number of conversations that are remembered.
    package var count: Int { known.withLock { $0.count } }

    /// Returns the candidate that a conversation has moved to; nil where it is
    /// where the arithmetic has it.
    func moved(_ key: ConversationKey, now: Duration) -> String? {
        known.withLock { known in
            guard let entry = known[key], entry.hasMoved, entry.last + Self.lasting > now else { return nil }
            return entry.candidate
        }
    }

    /// Takes note of an answer.
    /// - Parameters:
    ///   - hasMoved: True where a candidate stood before it in the order of the
    ///     session.
    /// - Returns: The move, where another candidate served it before.
    func note(
        _ key: ConversationKey, servedBy candidate: String, hasMoved: Bool, _ usage: Usage?, now: Duration
    ) -> ConversationMove? {
        known.withLock { known in
            let before = known[key].flatMap { $0.last + Self.lasting > now ? $0 : nil }
            known[key] = Entry(
                candidate: candidate, hasMoved: hasMoved, tokens: usage?.total ?? before?.tokens ?? 0, last: now)
            guard let before, before.candidate != candidate else { return nil }
            let shared = min(before.tokens, usage?.input ?? before.tokens)
            return ConversationMove(from: before.candidate, tokens: max(0, shared - (usage?.cacheRead ?? 0)))
        }
    }
}

extension Gateway {
    /// Remembers who served a conversation, counts its move, and what its
    /// session has used.
    func noteConversation(_ record: RequestRecord) {
        defer { continuity.sessions.note(record, now: continuity.now.unix) }
        guard let key = record.conversation, record.outcome == .served, let route = record.route,
            let served = record.lastServed, served.provider?.usesCallersCredential != true
        else { return }
        let now = continuity.now
        let home = state.served[route].flatMap { known -> String? in
            let route = known.route
            return route.places(now: now.unix, session: key.session).first.map { route.candidates[$0].id }
        }
        record.move = continuity.conversations.note(
            key, servedBy: served.id, hasMoved: home.map { $0 != served.id } ?? false, record.usage, now: now.tick)
        if let move = record.move { state.instruments.moved(move, on: route) }
    }
}
