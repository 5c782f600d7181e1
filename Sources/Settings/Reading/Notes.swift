import Access

/// The problems that were found while a file was read: all of them, not only the first.
///
/// This is a class, because every section of the file adds to the same notes; an object lives as long as one reading
/// and never leaves its task.
final class Notes {
    let file: String
    let environment: [String: String]
    /// True if `${NAME}` is replaced in values; false for key files.
    let readsReferences: Bool
    /// Returns whether a path leads to a file that can be read.
    let isReadable: (String) -> Bool
    /// Returns whether every user of the machine can read the file at a path.
    let othersCanRead: (String) -> Bool
    /// The time; nil where no date is judged by it.
    let now: UnixTime?
    private(set) var problems: [SettingsIssue] = []
    /// The number of errors so far; a comparison shows whether a part was free of errors.
    private(set) var errorCount = 0

    init(
        file: String, environment: [String: String], readsReferences: Bool = true,
        isReadable: @escaping (String) -> Bool = { _ in true },
        othersCanRead: @escaping (String) -> Bool = { _ in false }, now: UnixTime? = nil
    ) {
        self.file = file
        self.environment = environment
        self.readsReferences = readsReferences
        self.isReadable = isReadable
        self.othersCanRead = othersCanRead
        self.now = now
    }

    func error(_ position: Position, _ message: String) {
        add([SettingsIssue(file: file, position: position, message: message)])
    }

    func warning(_ position: Position, _ message: String) {
        problems.append(SettingsIssue(file: file, position: position, severity: .warning, message: message))
    }

    func add(_ others: [SettingsIssue]) {
        problems += others
        errorCount += others.count { $0.severity == .error }
    }

    /// `A is not set`, `A is not set and B is empty`.
    func absence(of variables: [String]) -> String {
        var reasons: [String] = []
        for name in variables {
            let reason = "\(name) is \(environment[name] == nil ? "not set" : "empty")"
            if !reasons.contains(reason) { reasons.append(reason) }
        }
        return reasons.joined(separator: " and ")
    }

    /// In the order of the file; a problem that several readers of a section have found is there once.
    var sorted: [SettingsIssue] {
        // Stable: two problems of one place stay in the order they were found.
        let all = problems.enumerated().sorted { left, right in
            let a = left.element.position ?? Position(line: 0, column: 0)
            let b = right.element.position ?? Position(line: 0, column: 0)
            return a == b ? left.offset < right.offset : a < b
        }.map(\.element)
        return all.indices.filter { $0 == 0 || all[$0] != all[$0 - 1] }.map { all[$0] }
    }
}
