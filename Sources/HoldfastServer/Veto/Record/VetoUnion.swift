package import VetoSpool

/// The veto's record out of all of its sources: which entries there are, and
/// which source lacks which. Pure.
///
/// None of the sources can take an entry away: one that was emptied, or
/// restored from a backup, gets back what the others have.
package struct VetoUnion: Sendable {
    package enum Source: Sendable, Hashable, CaseIterable {
        case spool, storage, ledger
    }

    private var records: [String: (record: VetoRecord, sources: Set<Source>)] = [:]
    /// The entries that can't be read, for people.
    package private(set) var problems: [String] = []

    package init() {}

    /// Adds an entry as a source holds it.
    /// - Parameter name: the digest under which the source keeps it; nil where
    ///   it has none.
    package mutating func add(_ body: [UInt8], named name: String? = nil, from source: Source) {
        let digest = VetoRecord.digest(of: body)
        guard name == nil || name == digest, let record = VetoRecord(body) else {
            problems.append(
                "an entry of the veto's record in the \(source.words) is damaged, or of a later version; it is passed over"
            )
            return
        }
        records[digest, default: (record, [])].sources.insert(source)
    }

    /// Notes that the ledger has the entries up to a position, too, though it
    /// wasn't read from its beginning.
    package mutating func ledgerHas(upTo position: Int) {
        for (digest, found) in records where found.record.position <= position {
            records[digest]?.sources.insert(.ledger)
        }
    }

    /// Removes entries that count for nothing, so that they are written nowhere
    /// else.
    package mutating func drop(_ isStranger: (VetoRecord) -> Bool) {
        records = records.filter { !isStranger($0.value.record) }
    }

    package var all: [VetoRecord] { records.values.map(\.record) }

    /// The entries of a source.
    package func count(in source: Source) -> Int { records.values.count { $0.sources.contains(source) } }

    /// The entries that a source lacks, by their digests, in their order.
    package func missing(in source: Source) -> [(digest: String, record: VetoRecord)] {
        records.filter { !$0.value.sources.contains(source) }.map { ($0.key, $0.value.record) }
            .sorted { ($0.1.position, $0.0) < ($1.1.position, $1.0) }
    }
}

extension VetoUnion.Source {
    fileprivate var words: String {
        switch self {
        case .spool: "spool"
        case .storage: "storage"
        case .ledger: "ledger"
        }
    }
}
