import FoundationEssentials
import GRDB

/// The newest custody statement that was in force for a model in a role.
package struct StoredCustody: Sendable, Hashable {
    package var epoch: Int64
    /// SHA-256 of what was signed.
    package var statement: [UInt8]

    package init(epoch: Int64, statement: [UInt8]) { (self.epoch, self.statement) = (epoch, statement) }

    fileprivate static func fetch(_ database: Database, _ model: String, _ role: String) throws -> StoredCustody? {
        try Row.fetchOne(
            database, sql: "SELECT epoch, statement FROM custodyEpoch WHERE model = ? AND role = ?",
            arguments: [model, role]
        ).map { row in
            StoredCustody(epoch: row["epoch"], statement: [UInt8](row["statement"] as Data))
        }
    }
}

extension Store {
    /// - Returns: nil where none ever was in force.
    package func custodyEpoch(model: String, role: String) throws(StoreError) -> StoredCustody? {
        try read { try StoredCustody.fetch($0, model, role) }
    }

    /// Remembers a statement, in place of an older one.
    ///
    /// - Parameter time: seconds since 1970.
    /// - Returns: false where a newer one, or another of the same epoch, was
    ///   remembered in the meantime; that one stays, and this one must not
    ///   be acted upon.
    package func raiseCustodyEpoch(
        model: String, role: String, to next: StoredCustody, time: Int64
    ) throws(StoreError) -> Bool {
        var isRaised = false
        try write { database in
            if let kept = try StoredCustody.fetch(database, model, role) {
                guard kept.epoch <= next.epoch, kept.epoch < next.epoch || kept.statement == next.statement else {
                    return
                }
            }
            try database.execute(
                sql: "INSERT OR REPLACE INTO custodyEpoch (model, role, epoch, statement, time) VALUES (?, ?, ?, ?, ?)",
                arguments: [model, role, next.epoch, Data(next.statement), time])
            isRaised = true
        }
        return isRaised
    }
}

extension StoreReader {
    /// - Returns: nil where none ever was in force, also where an older
    ///   Holdfast has written the file.
    package func custodyEpoch(model: String, role: String) throws(StoreError) -> StoredCustody? {
        try read { try $0.tableExists("custodyEpoch") ? StoredCustody.fetch($0, model, role) : nil }
    }
}
