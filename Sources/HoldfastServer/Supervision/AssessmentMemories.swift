package import Supervision
import Synchronization

/// The texts that were judged lately, of all tenants, under keyed hashes that
/// no two tenants and no two policies share.
///
/// In parts with a lock each, so that event loops seldom wait for each other.
package final class AssessmentMemories: Sendable {
    /// The most that it takes, in bytes: some thousand conversations' worth of
    /// pieces, and with windows for a second stage their text.
    package static let most = 8 << 20

    private final class Part: Sendable {
        let cache: Mutex<AssessmentCache>
        init(bytes: Int) { cache = Mutex(AssessmentCache(bytes: bytes)) }
    }

    private let parts: [Part]
    private let keys = WindowKeyMaker()

    package init(bytes: Int = AssessmentMemories.most, parts count: Int = 8) {
        parts = (0..<count).map { _ in Part(bytes: bytes / count) }
    }

    /// The memory of one tenant's texts under one policy.
    package func memory(of tenant: String, under policy: PolicyDigest) -> any AssessmentMemory {
        OfTenant(memories: self, tenant: tenant, policy: policy)
    }

    private struct OfTenant: AssessmentMemory {
        let memories: AssessmentMemories
        let tenant: String
        let policy: PolicyDigest

        func assessment(of text: AssessedText, or make: () -> Assessment) -> Assessment {
            let key = memories.keys.key(of: text, tenant: tenant, policy: policy)
            let part = memories.parts[key.place(among: memories.parts.count)]
            if let known = part.cache.withLock({ $0.assessment(of: key) }) { return known }
            // Outside of the lock: reading a text takes its time.
            let made = make()
            part.cache.withLock { $0.remember(key, made) }
            return made
        }
    }
}
