import Foundation
import GRDB

/// What Holdfast remembers across restarts: one SQLite file, in WAL mode.
///
/// Knows no other module's types; values come and go as they stand in the
/// tables. Safe to use from several threads; every call is one transaction
/// and returns when it is on disk as far as `synchronous=NORMAL` promises:
/// a killed process loses nothing, a power cut at most the last moments.
package final class Store: Sendable {
    private let pool: DatabasePool

    /// Opens the file, makes it if it isn't there, and brings an older one
    /// up to date.
    /// - Parameter directory: made with mode 0700 where it is missing.
    /// - Throws: ``StoreError`` when it can't be opened, is damaged, or is of
    ///   a newer Holdfast.
    package init(directory: String) throws(StoreError) {
        let path = directory + "/holdfast.sqlite"
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            var configuration = Configuration()
            configuration.busyMode = .timeout(5)
            pool = try DatabasePool(path: path, configuration: configuration)
            for file in [path, path + "-wal", path + "-shm"] where FileManager.default.fileExists(atPath: file) {
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
            }
            let migrator = Schema.migrator
            if try pool.read({ try migrator.hasBeenSuperseded($0) }) { throw StoreError.newer(path) }
            try migrator.migrate(pool)
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(error, path)
        }
    }

    func read<T>(_ work: (Database) throws -> T) throws(StoreError) -> T {
        do {
            return try pool.read(work)
        } catch {
            throw StoreError(error, pool.path)
        }
    }

    func write(_ work: (Database) throws -> Void) throws(StoreError) {
        do {
            try pool.write(work)
        } catch {
            throw StoreError(error, pool.path)
        }
    }
}

/// The tables, in the order in which they came to be. A migration that has
/// been released never changes.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 holds and models that answered") { database in
            try database.create(table: "hold") { table in
                table.primaryKey("id", .text)
                for column in [
                    "cause", "scope", "host", "credential", "model", "provider", "firmness", "origin", "name", "words",
                    "rule",
                ] {
                    table.column(column, .text).notNull()
                }
                table.column("since", .integer).notNull()
                table.column("status", .integer)
                table.column("acknowledgedBy", .text)
                table.column("reason", .text)
            }
            try database.create(table: "answered") { table in
                table.column("host", .text).notNull()
                table.column("model", .text).notNull()
                table.column("first", .integer).notNull()
                table.column("last", .integer).notNull()
                table.primaryKey(["host", "model"])
            }
        }
        return migrator
    }
}
