import GRDB

/// The report of a drill as it stands in its table.
private struct StoredDrill: Codable, FetchableRecord, PersistableRecord {
    static var databaseTableName: String { "drill" }

    var id: String
    var started: Int
    var report: String
}

extension Store {
    /// Keeps a drill's report, in place of an earlier one of the same drill.
    ///
    /// - Parameters:
    ///   - started: seconds since 1970.
    ///   - report: JSON; kept as it is.
    package func saveDrill(_ id: String, started: Int, report: String) throws(StoreError) {
        try write { try StoredDrill(id: id, started: started, report: report).save($0) }
    }

    /// The latest drills, newest first.
    package func drills(limit: Int) throws(StoreError) -> [(id: String, started: Int, report: String)] {
        try read { database in
            try StoredDrill.order(Column("started").desc, Column("id").desc).limit(max(0, limit)).fetchAll(database)
                .map { ($0.id, $0.started, $0.report) }
        }
    }

    /// One drill; nil if there is none of that name.
    package func drill(_ id: String) throws(StoreError) -> (id: String, started: Int, report: String)? {
        try read { try StoredDrill.fetchOne($0, key: id).map { ($0.id, $0.started, $0.report) } }
    }
}
