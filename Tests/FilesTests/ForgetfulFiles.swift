import Files
import SystemPackage

/// A folder on a file system that forgets what was not synced, and can fail
/// at each call.
// Used by one thread at a time.
final class ForgetfulFiles: DurableCalls, @unchecked Sendable {
    typealias Content = [UInt8]

    private var contents: [Int: Content] = [:]
    private var synced: [Int: Content] = [:]
    private var names: [String: Int]
    private var syncedNames: [String: Int]
    private var nextFile = 1
    /// After so many calls each further one fails; nil is never.
    private let budget: Int?
    private(set) var calls = 0
    private(set) var open = 0

    init(_ files: [String: Content], budget: Int? = nil) {
        self.budget = budget
        (names, syncedNames) = ([:], [:])
        for (name, content) in files {
            (contents[nextFile], synced[nextFile]) = (content, content)
            (names[name], syncedNames[name]) = (nextFile, nextFile)
            nextFile += 1
        }
    }

    /// The files as a reader sees them.
    var visible: [String: Content] { names.compactMapValues { contents[$0] } }

    /// All contents that a power failure at this moment may leave under a name, depending on which unsynced changes
    /// reached the disk.
    func remains(of name: String) -> Set<Content?> {
        var remains: Set<Content?> = []
        for file in Set([names[name], syncedNames[name]]) {
            guard let file else {
                remains.insert(nil)
                continue
            }
            let now = contents[file] ?? []
            remains.insert(synced[file] ?? [])
            // Without a sync, any part may have been written.
            if synced[file] != now { for count in 0...now.count { remains.insert(Array(now.prefix(count))) } }
        }
        return remains
    }

    private func spend(_ path: String) throws(FileFault) {
        calls += 1
        if let budget, calls > budget { throw FileFault(.write, path, .system(.noSpace)) }
    }

    func create(_ new: String, mode: UInt32?, for path: String) throws(FileFault) -> Int {
        try spend(path)
        guard names[new] == nil else { throw FileFault(.write, path, .system(.fileExists)) }
        defer { nextFile += 1 }
        (names[new], contents[nextFile]) = (nextFile, [])
        open += 1
        return nextFile
    }

    func write(_ bytes: [UInt8], to file: Int, for path: String) throws(FileFault) {
        // A disk that is full takes a part.
        contents[file] = Array(bytes.prefix(bytes.count / 2))
        try spend(path)
        contents[file] = bytes
    }

    func sync(_ file: Int, for path: String) throws(FileFault) {
        try spend(path)
        synced[file] = contents[file]
    }

    func close(_ file: Int) { open -= 1 }

    func rename(_ new: String, to path: String) throws(FileFault) {
        try spend(path)
        names[path] = names.removeValue(forKey: new)
    }

    func link(_ new: String, to path: String) throws(FileFault) {
        try spend(path)
        guard names[path] == nil else { throw FileFault(.write, path, .system(.fileExists)) }
        names[path] = names[new]
    }

    func remove(_ new: String) { names[new] = nil }

    func syncFolder(_ path: String) throws(FileFault) {
        try spend(path)
        syncedNames = names
    }
}
