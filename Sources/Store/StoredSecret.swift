import Foundation
import GRDB

extension Store {
    /// The secret of that name, which is the one that was kept first.
    /// - Parameter made: kept where there is none yet.
    package func secret(named name: String, orKeep made: [UInt8]) throws(StoreError) -> [UInt8] {
        try write {
            try $0.execute(
                sql: "INSERT OR IGNORE INTO secret (name, value) VALUES (?, ?)", arguments: [name, Data(made)])
        }
        return try read { database in
            let data = try Data.fetchOne(database, sql: "SELECT value FROM secret WHERE name = ?", arguments: [name])
            return data.map { [UInt8]($0) } ?? made
        }
    }
}
