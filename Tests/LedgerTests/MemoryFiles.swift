import Ledger

/// Files that forget what was not synced, as a disk does when the power goes.
// Used by one thread at a time.
final class MemoryFiles: LedgerFiles, @unchecked Sendable {
    /// The number of bytes that the disk writes as one unit; small compared with a group.
    private static let block = 16

    /// The contents that a reader sees; `durableBytes` has those that a power failure certainly leaves.
    private var files: [String: [UInt8]] = [:]
    private var durableBytes: [String: [UInt8]] = [:]
    /// Names that were there when their folder was last synced, and what they
    /// were the names of.
    private var durableNames: [String: String] = [:]
    /// The content that each name refers to: a rename moves contents.
    private var contents: [String: String] = [:]
    private var nextContent = 0
    /// After so many changes each further one fails; nil is never.
    var budget: Int?
    private(set) var changes = 0

    private func spend() throws(LedgerProblem) {
        changes += 1
        guard let left = budget else { return }
        guard left > 0 else { throw LedgerProblem("No space left on device") }
        budget = left - 1
    }

    func read(_ path: String) throws(LedgerProblem) -> [UInt8]? { contents[path].flatMap { files[$0] } }
    func list() throws(LedgerProblem) -> [String]? {
        contents.keys.filter { !$0.hasPrefix("journal/") && !$0.hasPrefix("scratch/") }
    }

    func names(in folder: String) throws(LedgerProblem) -> [String] {
        contents.keys.filter { $0.hasPrefix(folder + "/") }
            .map { String($0.dropFirst(folder.count + 1)) }.filter { !$0.contains("/") }
    }

    private func content(_ path: String, isNew: Bool) -> String {
        if !isNew, let known = contents[path] { return known }
        nextContent += 1
        contents[path] = "content \(nextContent)"
        return contents[path]!
    }

    func write(_ path: String, _ bytes: [UInt8]) throws(LedgerProblem) {
        try spend()
        files[content(path, isNew: true)] = bytes
    }

    func write(_ path: String, _ bytes: [UInt8], at offset: Int) throws(LedgerProblem) {
        try spend()
        let content = content(path, isNew: false)
        let end = min(files[content]?.count ?? 0, offset + bytes.count)
        files[content, default: []].replaceSubrange(offset..<end, with: bytes)
    }

    func sync(_ path: String) throws(LedgerProblem) {
        try spend()
        guard let content = contents[path] else { throw LedgerProblem("\(path) is not there to be synced") }
        durableBytes[content] = files[content]
    }

    func syncFolder(_ path: String) throws(LedgerProblem) {
        try spend()
        func stands(_ name: String) -> Bool {
            let folder = name.lastIndex(of: "/").map { String(name[..<$0]) } ?? ""
            return folder == path
        }
        for name in durableNames.keys where stands(name) && contents[name] == nil { durableNames[name] = nil }
        for (name, content) in contents where stands(name) { durableNames[name] = content }
    }

    func rename(_ path: String, to other: String) throws(LedgerProblem) {
        try spend()
        guard let content = contents.removeValue(forKey: path) else { throw LedgerProblem("\(path) is missing") }
        contents[other] = content
    }

    func remove(_ path: String) throws(LedgerProblem) {
        try spend()
        contents[path] = nil
    }

    /// The power goes: of every file and name that was not synced, any part
    /// may be there.
    func crashed(using random: inout some RandomNumberGenerator) -> MemoryFiles {
        let after = MemoryFiles()
        after.nextContent = nextContent
        // Names first: an unsynced one may have come, gone, or stayed.
        for name in Set(contents.keys).union(durableNames.keys) {
            let now = contents[name]
            let then = durableNames[name]
            after.contents[name] = now == then ? now : Bool.random(using: &random) ? now : then
        }
        for content in Set(after.contents.values) {
            let durable = durableBytes[content] ?? []
            let latest = files[content] ?? []
            // Of what is behind the synced bytes any beginning, and zeros
            // behind that; of what was written over them any blocks.
            var bytes = Array(latest[..<Int.random(in: durable.count...latest.count, using: &random)])
            if bytes.count < latest.count, Bool.random(using: &random) {
                bytes += [UInt8](repeating: 0, count: Int.random(in: 0...latest.count - bytes.count, using: &random))
            }
            for block in stride(from: 0, to: durable.count, by: Self.block) where Bool.random(using: &random) {
                let range = block..<min(block + Self.block, durable.count)
                bytes.replaceSubrange(range, with: durable[range])
            }
            after.files[content] = bytes
            after.durableBytes[content] = after.files[content]
        }
        after.durableNames = after.contents
        return after
    }

    /// Changes one byte of a file, for a verifier that must notice.
    func flip(_ path: String, at place: Int) {
        let content = contents[path]!
        files[content]![place] ^= 1
    }

    func copy() -> MemoryFiles {
        let copy = MemoryFiles()
        (copy.files, copy.contents) = (files, contents)
        (copy.durableBytes, copy.durableNames, copy.nextContent) = (durableBytes, durableNames, nextContent)
        return copy
    }

    func delete(_ path: String) { contents[path] = nil }
}
