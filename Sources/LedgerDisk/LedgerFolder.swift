package import Files
import Glibc
package import Ledger

/// A ledger's public files in a folder, to be read: all that an auditor
/// needs.
package struct LedgerFolder: LedgerReader {
    private let path: String
    private let links: Links

    /// - Parameter links: refused where the folder is a running ledger's own.
    package init(_ path: String, links: Links = .followed) { (self.path, self.links) = (path, links) }

    package func read(_ path: String) throws(LedgerProblem) -> [UInt8]? {
        try FileSystem.read("\(self.path)/\(path)", links: links)
    }

    package func list() throws(LedgerProblem) -> [String]? {
        var files: [String] = []
        var folders = [""]
        while let folder = folders.popLast() {
            for (name, isFolder) in try FileSystem.names(in: "\(path)/\(folder)") {
                if isFolder { folders.append("\(folder)\(name)/") } else { files.append("\(folder)\(name)") }
            }
        }
        return files
    }
}

/// The folders in which one process keeps a ledger or a witness's state. The folder `log` can be copied to any web
/// server; `private` contains the key and must not be published.
///
/// The folders are locked for as long as this object exists; the kernel releases the lock if the process dies.
package final class LedgerStorage: LedgerFiles, Sendable {
    /// The purpose for which the folders are opened; each allows one process.
    package enum Purpose: String, Sendable {
        case writing = "writes the ledger"
        case witnessing = "is the witness"
        /// Beside who writes.
        case pruning = "prunes the ledger"

        fileprivate var lock: String { self == .pruning ? "prune-lock" : "lock" }
    }

    package let publicPath: String
    private let path: String
    private let lock: FileLock

    /// - Throws: ``LedgerProblem`` where another process has it open for the
    ///   same purpose.
    package init(_ path: String, for purpose: Purpose = .writing) throws(LedgerProblem) {
        self.path = path
        publicPath = "\(path)/log"
        do throws(FileFault) {
            for folder in [path, "\(path)/private", "\(path)/private/journal", "\(path)/private/scratch"] {
                try Folder.make(folder, mode: 0o700, parents: 0o755)
            }
            try Folder.make(publicPath, mode: 0o755)
            lock = try FileLock("\(path)/private/\(purpose.lock)")
        } catch {
            throw error.cause == .inUse
                ? LedgerProblem("another process \(purpose.rawValue) in \(path)") : LedgerProblem(error)
        }
    }

    /// Returns the key of the log or the witness, and creates it if there is none.
    /// - Parameters:
    ///   - name: the name of a new key.
    ///   - kind: the kind of statement that the key signs.
    package func key(named name: String, kind: SignatureKind = .note) throws(LedgerProblem) -> SignerKey {
        let file = "\(path)/private/key"
        if let bytes = try FileSystem.read(file, links: .refused) {
            let text = String(decoding: bytes, as: UTF8.self)
            guard text.hasSuffix("\n"), let key = SignerKey(text.dropLast()), key.verifier.kind == kind else {
                throw LedgerProblem("\(file) holds no key; put the key back, or begin anew in an empty folder")
            }
            return key
        }
        guard let key = SignerKey(name: name, kind: kind) else {
            throw LedgerProblem("\"\(name)\" can be no name: it must not hold spaces or plus signs")
        }
        try keep(Array((key.text + "\n").utf8), in: file)
        return key
    }

    /// 32 bytes of chance that only this folder knows; made where there are
    /// none.
    package func secret(named name: String) throws(LedgerProblem) -> [UInt8] {
        let file = "\(path)/private/\(name)"
        if let bytes = try FileSystem.read(file, links: .refused) {
            guard bytes.count == 32 else { throw LedgerProblem("\(file) is damaged: it must hold 32 bytes") }
            return bytes
        }
        var random = SystemRandomNumberGenerator()
        let secret = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
        try keep(secret, in: file)
        return secret
    }

    /// Whole or not at all, for its owner only.
    private func keep(_ bytes: [UInt8], in file: String) throws(LedgerProblem) {
        do throws(FileFault) {
            try WholeFile.replaceDurably(file, with: bytes, links: .refused)
        } catch {
            throw LedgerProblem(error)
        }
    }

    // MARK: Files

    /// The journal is not for others.
    private func place(_ path: String) -> String {
        let isPrivate = ["journal", "scratch"].contains(path.prefix { $0 != "/" })
        return isPrivate ? "\(self.path)/private/\(path)" : "\(publicPath)/\(path)"
    }

    package func read(_ path: String) throws(LedgerProblem) -> [UInt8]? {
        try FileSystem.read(place(path), links: .refused)
    }
    package func list() throws(LedgerProblem) -> [String]? { try LedgerFolder(publicPath).list() }

    package func names(in folder: String) throws(LedgerProblem) -> [String] {
        try FileSystem.names(in: place(folder)).map(\.name)
    }

    package func write(_ path: String, _ bytes: [UInt8]) throws(LedgerProblem) {
        try FileSystem.write(place(path), bytes, flags: O_TRUNC)
    }

    package func write(_ path: String, _ bytes: [UInt8], at offset: Int) throws(LedgerProblem) {
        try FileSystem.write(place(path), bytes, at: offset, flags: 0)
    }

    package func sync(_ path: String) throws(LedgerProblem) { try FileSystem.sync(place(path), isFolder: false) }

    package func syncFolder(_ path: String) throws(LedgerProblem) {
        try FileSystem.sync(path.isEmpty ? publicPath : place(path), isFolder: true)
        if path.isEmpty { try FileSystem.sync("\(self.path)/private", isFolder: true) }
    }

    package func rename(_ path: String, to other: String) throws(LedgerProblem) {
        try FileSystem.rename(place(path), to: place(other))
    }

    package func remove(_ path: String) throws(LedgerProblem) {
        guard Glibc.remove(place(path)) != 0, errno != ENOENT else { return }
        throw LedgerProblem(FileFault(.remove, place(path)))
    }
}
