/// The reports of drills that are over.
package protocol DrillReports: Sendable {
    /// Keeps a report in place of an earlier one of the same drill.
    func saveDrill(_ drill: StoredDrill) async throws(StorageError)
    /// The latest drills, newest first.
    func drills(limit: Int) async throws(StorageError) -> [StoredDrill]
    /// - Returns: nil where there is none of that id.
    func drill(_ id: String) async throws(StorageError) -> StoredDrill?
}

/// The report of a drill.
package struct StoredDrill: Codable, Sendable, Hashable {
    package var id: String
    /// Seconds since 1970.
    package var started: Int
    /// JSON, kept as it is.
    package var report: String

    package init(id: String, started: Int, report: String) {
        self.id = id
        self.started = started
        self.report = report
    }
}
