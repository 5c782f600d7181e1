import GRDB

/// The file as another program sees it: what the store would never write.
struct RawDatabase {
    private let queue: DatabaseQueue

    init(_ path: String) throws {
        var configuration = Configuration()
        // One that a test leaves open is what it is about.
        configuration.allowsUnsafeTransactions = true
        queue = try DatabaseQueue(path: path, configuration: configuration)
    }

    /// Statements outside of any transaction but their own.
    func run(_ statements: String) throws {
        try queue.inDatabase { try $0.execute(sql: statements) }
    }
}
