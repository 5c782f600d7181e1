import GRDB

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
        migrator.registerMigration("2 drills") { database in
            try database.create(table: "drill") { table in
                table.primaryKey("id", .text)
                table.column("started", .integer).notNull()
                table.column("report", .text).notNull()
            }
            try database.create(index: "drillByStart", on: "drill", columns: ["started", "id"])
        }
        migrator.registerMigration("3 holds that were lifted, where a route waits for more") { database in
            try database.alter(table: "hold") { table in
                table.add(column: "returned", .integer)
                table.add(column: "returnedByHand", .boolean).notNull().defaults(to: false)
                table.add(column: "drilled", .text).notNull().defaults(to: "")
            }
        }
        migrator.registerMigration("4 the newest checkpoint of a ledger") { database in
            try database.create(table: "ledgerHead") { table in
                table.primaryKey("origin", .text)
                table.column("text", .text).notNull()
                table.column("time", .integer).notNull()
            }
        }
        migrator.registerMigration("5 counts by the hour, and messages that wait") { database in
            try database.create(table: "hourCounts", options: .withoutRowID) { table in
                table.column("hour", .integer).notNull()
                table.column("subject", .text).notNull()
                table.column("counts", .blob).notNull()
                table.primaryKey(["hour", "subject"])
            }
            try database.create(table: "message") { table in
                table.primaryKey("id", .text)
                table.column("receiver", .text).notNull()
                table.column("body", .text).notNull()
                table.column("created", .integer).notNull()
                table.column("attempts", .integer).notNull().defaults(to: 0)
                table.column("due", .integer).notNull()
            }
            try database.create(index: "messageByDue", on: "message", columns: ["due"])
        }
        migrator.registerMigration("6 what hosted models have told") { database in
            try database.create(table: "learnt", options: .withoutRowID) { table in
                table.column("subject", .text).notNull()
                table.column("weights", .text).notNull()
                table.column("count", .integer).notNull()
                table.primaryKey(["subject", "weights"])
            }
            try database.create(table: "egress") { table in
                table.primaryKey("weights", .text)
                table.column("day", .integer).notNull()
                table.column("bytes", .integer).notNull()
            }
            try database.create(table: "secret") { table in
                table.primaryKey("name", .text)
                table.column("value", .blob).notNull()
            }
        }
        migrator.registerMigration("7 custody statements that were in force") { database in
            try database.create(table: "custodyEpoch", options: .withoutRowID) { table in
                table.column("model", .text).notNull()
                table.column("role", .text).notNull()
                table.column("epoch", .integer).notNull()
                table.column("statement", .blob).notNull()
                table.column("time", .integer).notNull()
                table.primaryKey(["model", "role"])
            }
        }
        migrator.registerMigration("8 weights that changed in memory") { database in
            try database.create(table: "scrub") { table in
                table.primaryKey("provider", .text)
                table.column("time", .integer).notNull()
                table.column("verdict", .text).notNull()
            }
        }
        migrator.registerMigration("9 the record of suspensions") { database in
            try database.create(table: "vetoEntry", options: .withoutRowID) { table in
                table.primaryKey("digest", .text)
                table.column("position", .integer).notNull()
                table.column("body", .blob).notNull()
            }
            try database.create(table: "vetoMark") { table in
                table.primaryKey("origin", .text)
                table.column("size", .integer).notNull()
                table.column("count", .integer).notNull()
                table.column("position", .integer).notNull()
            }
        }
        return migrator
    }
}
