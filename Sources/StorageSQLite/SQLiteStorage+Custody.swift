import FoundationEssentials
import GRDB
package import Storage

extension StoredCustody {
    static func fetch(_ database: Database, _ model: String, _ role: String) throws -> StoredCustody? {
        try Row.fetchOne(
            database, sql: "SELECT epoch, statement FROM custodyEpoch WHERE model = ? AND role = ?",
            arguments: [model, role]
        ).map { row in
            StoredCustody(epoch: row["epoch"], statement: [UInt8](row["statement"] as Data))
        }
    }
}

extension SQLiteStorage: CustodyMemory {
    package func custodyEpoch(model: String, role: String) async throws(StorageError) -> StoredCustody? {
        try await read { try StoredCustody.fetch($0, model, role) }
    }

    package func raiseCustodyEpoch(
        model: String, role: String, to next: StoredCustody, time: Int64
    ) async throws(StorageError) -> Bool {
        try await write { database in
            if let kept = try StoredCustody.fetch(database, model, role) {
                guard kept.epoch <= next.epoch, kept.epoch < next.epoch || kept.statement == next.statement else {
                    return false
                }
            }
            try database.execute(
                sql: "INSERT OR REPLACE INTO custodyEpoch (model, role, epoch, statement, time) VALUES (?, ?, ?, ?, ?)",
                arguments: [model, role, next.epoch, Data(next.statement), time])
            return true
        }
    }

    package func scrubs() async throws(StorageError) -> [String: StoredScrub] {
        try await read { database in
            var scrubs: [String: StoredScrub] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT provider, time, verdict FROM scrub") {
                scrubs[row["provider"]] = StoredScrub(time: row["time"], verdict: row["verdict"])
            }
            return scrubs
        }
    }

    package func saveScrub(of provider: String, _ scrub: StoredScrub?) async throws(StorageError) {
        try await write { database in
            if let scrub {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO scrub (provider, time, verdict) VALUES (?, ?, ?)",
                    arguments: [provider, scrub.time, scrub.verdict])
            } else {
                try database.execute(sql: "DELETE FROM scrub WHERE provider = ?", arguments: [provider])
            }
        }
    }
}
