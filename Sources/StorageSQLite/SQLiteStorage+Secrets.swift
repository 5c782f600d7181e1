import Foundation
import GRDB
package import Storage

extension SQLiteStorage: SecretMemory {
    package func secret(named name: String, orKeep made: [UInt8]) async throws(StorageError) -> [UInt8] {
        // Read first: a start needs no lock for a secret that is there.
        if let kept = try await read({ try Self.secret(named: name, $0) }) { return kept }
        return try await write { database in
            try database.execute(
                sql: "INSERT OR IGNORE INTO secret (name, value) VALUES (?, ?)", arguments: [name, Data(made)])
            return try Self.secret(named: name, database) ?? made
        }
    }

    private static func secret(named name: String, _ database: Database) throws -> [UInt8]? {
        try Data.fetchOne(database, sql: "SELECT value FROM secret WHERE name = ?", arguments: [name])
            .map { [UInt8]($0) }
    }
}
