package import Storage
package import Synchronization

/// The storage protocols over dictionaries: the second implementation that
/// the conformance suite holds to the same rules.
package final class MemoryStorage: Sendable {
    package struct Tables: Sendable {
        package var holds: [String: StoredHold] = [:]
        package var answers: [String: StoredAnswer] = [:]
        package var counts: [CountPlace: [UInt8]] = [:]
        package var messages: [String: StoredMessage] = [:]
        package var learnt: [String: StoredLearnt] = [:]
        package var egress: [String: StoredEgress] = [:]
        package var epochs: [String: StoredCustody] = [:]
        package var scrubs: [String: StoredScrub] = [:]
        package var heads: [String: StoredLedgerHead] = [:]
        package var drills: [String: StoredDrill] = [:]
        package var secrets: [String: [UInt8]] = [:]
        package var veto: [String: StoredVetoEntry] = [:]
        package var vetoMarks: [String: StoredVetoMark] = [:]
    }

    /// The tables, for a disk that refuses some of them.
    package enum Table: Sendable, CaseIterable {
        case holds, answers, counts, messages, learnt, egress, epochs, scrubs, heads, drills, secrets, veto
    }

    package let tables = Mutex(Tables())
    private let refused = Mutex<Set<Table>>([])

    package init() {}

    /// Refuses every call that needs one of these tables, in place of those
    /// that it refused before.
    package func refuse(_ tables: Set<Table>) { refused.withLock { $0 = tables } }

    private func check(_ table: Table) throws(StorageError) {
        guard refused.withLock({ $0.contains(table) }) else { return }
        throw StorageError(.full, "the disk is full")
    }
}

extension MemoryStorage: HealthMemory {
    package func holds() async throws(StorageError) -> [StoredHold] {
        try check(.holds)
        return tables.withLock { $0.holds.values.sorted { ($0.since, $0.id) < ($1.since, $1.id) } }
    }

    package func apply(_ changes: [HoldChange]) async throws(StorageError) {
        try check(.holds)
        tables.withLock { tables in
            for change in changes {
                switch change {
                case .save(let hold): tables.holds[hold.id] = hold
                case .remove(let id): tables.holds[id] = nil
                }
            }
        }
    }

    package func answered() async throws(StorageError) -> [StoredAnswer] {
        try check(.answers)
        return tables.withLock { $0.answers.values.sorted { ($0.host, $0.model) < ($1.host, $1.model) } }
    }

    package func noteAnswered(_ answers: [StoredAnswer]) async throws(StorageError) {
        try check(.answers)
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
    package func addCounts(
        _ places: [CountPlace], add: @escaping @Sendable ([UInt8]?, Int) -> [UInt8]
    ) async throws(StorageError) {
        try check(.counts)
        tables.withLock { tables in
            for (index, place) in places.enumerated() { tables.counts[place] = add(tables.counts[place], index) }
        }
    }

    package func counts(_ hours: Range<Int>) async throws(StorageError) -> [StoredCounts] {
        try check(.counts)
        return tables.withLock { tables in
            tables.counts.filter { hours.contains($0.key.hour) }
                .map { StoredCounts(hour: $0.key.hour, subject: $0.key.subject, counts: $0.value) }
                .sorted { $0.hour < $1.hour }
        }
    }

    package func removeCounts(before hour: Int) async throws(StorageError) {
        try check(.counts)
        tables.withLock { tables in tables.counts = tables.counts.filter { $0.key.hour >= hour } }
    }
}

extension MemoryStorage: MessageOutbox {
    package func save(_ messages: [StoredMessage]) async throws(StorageError) {
        try check(.messages)
        tables.withLock { tables in for message in messages { tables.messages[message.id] = message } }
    }

    package func messages(due time: Int, limit: Int) async throws(StorageError) -> [StoredMessage] {
        try check(.messages)
        return tables.withLock { tables in
            let all = tables.messages.values.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
            let heads = Dictionary(all.map { ($0.receiver, $0.id) }) { first, _ in first }
            return Array(all.filter { heads[$0.receiver] == $0.id && $0.due <= time }.prefix(limit))
        }
    }

    package func removeMessage(_ id: String) async throws(StorageError) {
        try check(.messages)
        tables.withLock { $0.messages[id] = nil }
    }
}

extension MemoryStorage: DisclosureMemory {
    package func learnt() async throws(StorageError) -> [StoredLearnt] {
        try check(.learnt)
        return tables.withLock { Array($0.learnt.values) }
    }

    package func save(_ learnt: [StoredLearnt]) async throws(StorageError) {
        try check(.learnt)
        tables.withLock { tables in
            for one in learnt { tables.learnt["\(one.subject) \(one.weights)"] = one.count > 0 ? one : nil }
        }
    }

    package func egress() async throws(StorageError) -> [StoredEgress] {
        try check(.egress)
        return tables.withLock { Array($0.egress.values) }
    }

    package func save(_ egress: [StoredEgress]) async throws(StorageError) {
        try check(.egress)
        tables.withLock { tables in for one in egress { tables.egress[one.weights] = one } }
    }
}

extension MemoryStorage: CustodyMemory {
    package func custodyEpoch(model: String, role: String) async throws(StorageError) -> StoredCustody? {
        try check(.epochs)
        return tables.withLock { $0.epochs["\(model) \(role)"] }
    }

    package func raiseCustodyEpoch(
        model: String, role: String, to next: StoredCustody, time: Int64
    ) async throws(StorageError) -> Bool {
        try check(.epochs)
        return tables.withLock { tables in
            if let kept = tables.epochs["\(model) \(role)"],
                kept.epoch > next.epoch || kept.epoch == next.epoch && kept != next
            {
                return false
            }
            tables.epochs["\(model) \(role)"] = next
            return true
        }
    }

    package func scrubs() async throws(StorageError) -> [String: StoredScrub] {
        try check(.scrubs)
        return tables.withLock { $0.scrubs }
    }

    package func saveScrub(of provider: String, _ scrub: StoredScrub?) async throws(StorageError) {
        try check(.scrubs)
        tables.withLock { $0.scrubs[provider] = scrub }
    }
}

extension MemoryStorage: LedgerHeads {
    package func ledgerHead(_ origin: String) async throws(StorageError) -> StoredLedgerHead? {
        try check(.heads)
        return tables.withLock { $0.heads[origin] }
    }

    package func saveLedgerHead(_ origin: String, _ head: StoredLedgerHead) async throws(StorageError) {
        try check(.heads)
        tables.withLock { $0.heads[origin] = head }
    }
}

extension MemoryStorage: DrillReports {
    package func saveDrill(_ drill: StoredDrill) async throws(StorageError) {
        try check(.drills)
        tables.withLock { $0.drills[drill.id] = drill }
    }

    package func drills(limit: Int) async throws(StorageError) -> [StoredDrill] {
        try check(.drills)
        return tables.withLock { tables in
            Array(
                tables.drills.values.sorted { ($0.started, $0.id) > ($1.started, $1.id) }.prefix(max(0, limit)))
        }
    }

    package func drill(_ id: String) async throws(StorageError) -> StoredDrill? {
        try check(.drills)
        return tables.withLock { $0.drills[id] }
    }
}

extension MemoryStorage: SecretMemory {
    package func secret(named name: String, orKeep made: [UInt8]) async throws(StorageError) -> [UInt8] {
        try check(.secrets)
        return tables.withLock { tables in
            let secret = tables.secrets[name] ?? made
            tables.secrets[name] = secret
            return secret
        }
    }
}

extension MemoryStorage: VetoMemory {
    package func vetoEntries() async throws(StorageError) -> [StoredVetoEntry] {
        try check(.veto)
        return tables.withLock { tables in
            tables.veto.values.sorted { ($0.position, $0.digest) < ($1.position, $1.digest) }
        }
    }

    package func addVetoEntries(_ entries: [StoredVetoEntry]) async throws(StorageError) {
        try check(.veto)
        tables.withLock { tables in
            for entry in entries where tables.veto[entry.digest] == nil { tables.veto[entry.digest] = entry }
        }
    }

    package func vetoMark(_ origin: String) async throws(StorageError) -> StoredVetoMark? {
        try check(.veto)
        return tables.withLock { $0.vetoMarks[origin] }
    }

    package func saveVetoMark(_ origin: String, _ mark: StoredVetoMark) async throws(StorageError) {
        try check(.veto)
        tables.withLock { $0.vetoMarks[origin] = mark }
    }
}
