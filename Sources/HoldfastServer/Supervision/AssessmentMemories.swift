package import Gateway
import NIOCore
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
        let verdicts: Mutex<TwoGenerations<Verdict>>

        init(bytes: Int) {
            cache = Mutex(AssessmentCache(bytes: bytes * 3 / 4))
            verdicts = Mutex(TwoGenerations(bytes: bytes / 4))
        }
    }

    private let parts: [Part]
    private let keys = WindowKeyMaker()
    /// The keys of tenants that asked lately: beginning one takes longer than
    /// most of what it is used for.
    private let begun = Mutex<[Asker: AssessmentKeys]>([:])

    private struct Asker: Hashable {
        var tenant: String
        var policy: PolicyDigest
    }

    private static let mostBegun = 1024

    package init(bytes: Int = AssessmentMemories.most, parts count: Int = 8) {
        parts = (0..<count).map { _ in Part(bytes: bytes / count) }
    }

    /// The memory of one tenant's texts under one policy.
    package func memory(of tenant: String, under policy: PolicyDigest) -> any AssessmentMemory & VerdictMemory {
        OfTenant(memories: self, policy: policy, keys: keys(of: Asker(tenant: tenant, policy: policy)))
    }

    private func keys(of asker: Asker) -> AssessmentKeys {
        begun.withLock { begun in
            if let known = begun[asker] { return known }
            if begun.count >= Self.mostBegun { begun = [:] }
            let made = keys.keys(of: asker.tenant, under: asker.policy)
            begun[asker] = made
            return made
        }
    }

    private struct OfTenant: AssessmentMemory, VerdictMemory {
        let memories: AssessmentMemories
        let policy: PolicyDigest
        let keys: AssessmentKeys

        func assessment(of text: AssessedText, or make: () -> Assessment) -> Assessment {
            let key = keys.key(of: text)
            let part = memories.parts[key.place(among: memories.parts.count)]
            if let known = part.cache.withLock({ $0.assessment(of: key) }) { return known }
            // Outside of the lock: reading a text takes its time.
            let made = make()
            part.cache.withLock { $0.remember(key, made) }
            return made
        }

        func key(of text: WholeText) -> WindowKey {
            text.body.withUnsafeReadableBytes {
                keys.key(ofWhole: [text.kind.rawValue, text.form, text.aside], $0)
            }
        }

        func verdict(of key: WindowKey) -> Verdict? {
            memories.parts[key.place(among: memories.parts.count)].verdicts.withLock { $0.value(of: key) }
        }

        func remember(_ verdict: Verdict, of key: WindowKey) {
            // The constitution may have been edited since the text was looked up.
            guard verdict.policy == policy else { return }
            let bytes = 400 + verdict.findings.count * 160
            memories.parts[key.place(among: memories.parts.count)].verdicts.withLock {
                $0.remember(key, verdict, bytes: bytes)
            }
        }
    }
}
