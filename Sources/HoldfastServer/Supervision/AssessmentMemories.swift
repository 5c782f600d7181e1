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
    private let begun = Mutex(Begun())

    /// The memories of tenants that asked lately, under one policy: beginning a
    /// key takes longer than most of what it is used for.
    private struct Begun {
        static let most = 1024
        var policy: PolicyDigest?
        var tenants: [String: OfTenant] = [:]
    }

    package init(bytes: Int = AssessmentMemories.most, parts count: Int = 8) {
        parts = (0..<count).map { _ in Part(bytes: bytes / count) }
    }

    /// The memory of one tenant's texts under one policy.
    package func memory(of tenant: String, under policy: PolicyDigest) -> any AssessmentMemory & VerdictMemory {
        begun.withLock { begun in
            if begun.policy != policy { begun = Begun(policy: policy) }
            if let known = begun.tenants[tenant] { return known }
            if begun.tenants.count >= Begun.most { begun.tenants = [:] }
            let made = OfTenant(parts, policy, keys.keys(of: tenant, under: policy))
            begun.tenants[tenant] = made
            return made
        }
    }

    private final class OfTenant: AssessmentMemory, VerdictMemory {
        let parts: [Part]
        let policy: PolicyDigest
        let keys: AssessmentKeys

        init(_ parts: [Part], _ policy: PolicyDigest, _ keys: AssessmentKeys) {
            self.parts = parts
            self.policy = policy
            self.keys = keys
        }

        func assessment(of text: AssessedText, or make: () -> Assessment) -> Assessment {
            let key = keys.key(of: text)
            let part = parts[key.place(among: parts.count)]
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
            parts[key.place(among: parts.count)].verdicts.withLock { $0.value(of: key) }
        }

        func remember(_ verdict: Verdict, of key: WindowKey) {
            // The constitution may have been edited since the text was looked up.
            guard verdict.policy == policy else { return }
            let bytes = 400 + verdict.findings.count * 160
            parts[key.place(among: parts.count)].verdicts.withLock {
                $0.remember(key, verdict, bytes: bytes)
            }
        }
    }
}
