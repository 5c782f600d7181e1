import Storage
import Synchronization

/// The storage protocols over dictionaries: the second implementation that
/// the conformance suite holds to the same rules.
final class MemoryStorage: Sendable {
    struct Tables: Sendable {
        var holds: [String: StoredHold] = [:]
        var answers: [String: StoredAnswer] = [:]
        var counts: [CountPlace: [UInt8]] = [:]
        var messages: [String: StoredMessage] = [:]
        var learnt: [String: StoredLearnt] = [:]
        var egress: [String: StoredEgress] = [:]
        var epochs: [String: StoredCustody] = [:]
        var scrubs: [String: StoredScrub] = [:]
        var heads: [String: StoredLedgerHead] = [:]
        var drills: [String: StoredDrill] = [:]
        var secrets: [String: [UInt8]] = [:]
    }

    let tables = Mutex(Tables())
}

extension MemoryStorage: HealthMemory {
    func holds() async throws(StorageError) -> [StoredHold] {
        tables.withLock { $0.holds.values.sorted { ($0.since, $0.id) < ($1.since, $1.id) } }
    }

    func apply(_ changes: [HoldChange]) async throws(StorageError) {
        tables.withLock { tables in
            for change in changes {
                switch change {
                case .save(let hold): tables.holds[hold.id] = hold
                case .remove(let id): tables.holds[id] = nil
                }
            }
        }
    }

    func answered() async throws(StorageError) -> [StoredAnswer] {
        tables.withLock { $0.answers.values.sorted { ($0.host, $0.model) < ($1.host, $1.model) } }
    }

    func noteAnswered(_ answers: [StoredAnswer]) async throws(StorageError) {
        tables.withLock { tables in
            for answer in answers {
                var kept = tables.answers["\(answer.host) \(answer.model)"] ?? answer
                kept.first = min(kept.first, answer.first)
                kept.last = max(kept.last, answer.last)
                tables.answers["\(answer.host) \(answer.model)"] = kept
            }
        }
    }
}

extension MemoryStorage: CountStore {
    func addCounts(
        _ places: [CountPlace], add: @escaping @Sendable ([UInt8]?, Int) -> [UInt8]
    ) async throws(StorageError) {
        tables.withLock { tables in
            for (index, place) in places.enumerated() { tables.counts[place] = add(tables.counts[place], index) }
        }
    }

    func counts(_ hours: Range<Int>) async throws(StorageError) -> [StoredCounts] {
        tables.withLock { tables in
            tables.counts.filter { hours.contains($0.key.hour) }
                .map { StoredCounts(hour: $0.key.hour, subject: $0.key.subject, counts: $0.value) }
                .sorted { $0.hour < $1.hour }
        }
    }

    func removeCounts(before hour: Int) async throws(StorageError) {
        tables.withLock { tables in tables.counts = tables.counts.filter { $0.key.hour >= hour } }
    }
}

extension MemoryStorage: MessageOutbox {
    func save(_ messages: [StoredMessage]) async throws(StorageError) {
        tables.withLock { tables in for message in messages { tables.messages[message.id] = message } }
    }

    func messages(due time: Int, limit: Int) async throws(StorageError) -> [StoredMessage] {
        tables.withLock { tables in
            let all = tables.messages.values.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
            let heads = Dictionary(all.map { ($0.receiver, $0.id) }) { first, _ in first }
            return Array(all.filter { heads[$0.receiver] == $0.id && $0.due <= time }.prefix(limit))
        }
    }

    func removeMessage(_ id: String) async throws(StorageError) { tables.withLock { $0.messages[id] = nil } }
}

extension MemoryStorage: DisclosureMemory {
    func learnt() async throws(StorageError) -> [StoredLearnt] { tables.withLock { Array($0.learnt.values) } }

    func save(_ learnt: [StoredLearnt]) async throws(StorageError) {
        tables.withLock { tables in
            for one in learnt { tables.learnt["\(one.subject) \(one.weights)"] = one.count > 0 ? one : nil }
        }
    }

    func egress() async throws(StorageError) -> [StoredEgress] { tables.withLock { Array($0.egress.values) } }

    func save(_ egress: [StoredEgress]) async throws(StorageError) {
        tables.withLock { tables in for one in egress { tables.egress[one.weights] = one } }
    }
}

extension MemoryStorage: CustodyMemory {
    func custodyEpoch(model: String, role: String) async throws(StorageError) -> StoredCustody? {
        tables.withLock { $0.epochs["\(model) \(role)"] }
    }

    func raiseCustodyEpoch(
        model: String, role: String, to next: StoredCustody, time: Int64
    ) async throws(StorageError) -> Bool {
        tables.withLock { tables in
            if let kept = tables.epochs["\(model) \(role)"],
                kept.epoch > next.epoch || kept.epoch == next.epoch && kept != next
            {
                return false
            }
            tables.epochs["\(model) \(role)"] = next
            return true
        }
    }

    func scrubs() async throws(StorageError) -> [String: StoredScrub] { tables.withLock { $0.scrubs } }

    func saveScrub(of provider: String, _ scrub: StoredScrub?) async throws(StorageError) {
        tables.withLock { $0.scrubs[provider] = scrub }
    }
}

extension MemoryStorage: LedgerHeads {
    func ledgerHead(_ origin: String) async throws(StorageError) -> StoredLedgerHead? {
        tables.withLock { $0.heads[origin] }
    }

    func saveLedgerHead(_ origin: String, _ head: StoredLedgerHead) async throws(StorageError) {
        tables.withLock { $0.heads[origin] = head }
    }
}

extension MemoryStorage: DrillReports {
    func saveDrill(_ drill: StoredDrill) async throws(StorageError) { tables.withLock { $0.drills[drill.id] = drill } }

    func drills(limit: Int) async throws(StorageError) -> [StoredDrill] {
        tables.withLock { tables in
            Array(
                tables.drills.values.sorted { ($0.started, $0.id) > ($1.started, $1.id) }.prefix(max(0, limit)))
        }
    }

    func drill(_ id: String) async throws(StorageError) -> StoredDrill? { tables.withLock { $0.drills[id] } }
}

extension MemoryStorage: SecretMemory {
    func secret(named name: String, orKeep made: [UInt8]) async throws(StorageError) -> [UInt8] {
        tables.withLock { tables in
            let secret = tables.secrets[name] ?? made
            tables.secrets[name] = secret
            return secret
        }
    }
}
