import Foundation
import GRDB
package import Storage

extension SQLiteStorage: SecretMemory {
    package func secret(named name: String, orKeep made: [UInt8]) async throws(StorageError) -> [UInt8] {
        try await write { database in
            try database.execute(
                sql: "INSERT OR IGNORE INTO secret (name, value) VALUES (?, ?)", arguments: [name, Data(made)])
            let data = try Data.fetchOne(database, sql: "SELECT value FROM secret WHERE name = ?", arguments: [name])
            return data.map { [UInt8]($0) } ?? made
        }
    }
}
