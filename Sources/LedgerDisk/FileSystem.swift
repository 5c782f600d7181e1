import Files
import Glibc
import Ledger

/// Files of a ledger, with faults as the ledger's own errors.
enum FileSystem {
    /// More than the largest bundle of entries, of 256 with 64 KiB each.
    private static let limit = 20 << 20
    /// The journal's, which grows until the next checkpoint.
    private static let journalLimit = 1 << 31

    /// - Returns: nil where there is no file.
    static func read(_ path: String, links: Links) throws(LedgerProblem) -> [UInt8]? {
        let limit = path.hasSuffix("/journal/groups") ? journalLimit : limit
        do throws(FileFault) {
            // Thousands of tiles are read one after the other, and never before
            // the checkpoint has shown that the storage answers: a thread for
            // each would double their cost.
            let patience = path.contains("/tile/") ? nil : WholeFile.patience
            return try WholeFile.readAll(path, limit: limit, links: links, within: patience)
        } catch {
            if error.isMissing || error.cause == .notRegular(.folder) { return nil }
            throw LedgerProblem(error)
        }
    }

    /// - Parameter flags: of open(2), beside those for writing.
    static func write(
        _ path: String, _ bytes: [UInt8], at offset: Int = 0, flags: Int32
    ) throws(LedgerProblem) {
        do throws(FileFault) {
            if try writeInPlace(path, bytes, at: offset, flags: flags) { return }
            try makeFolder(above: path)
            guard try writeInPlace(path, bytes, at: offset, flags: flags) else {
                throw FileFault(.write, path, errno: ENOENT)
            }
        } catch {
            throw LedgerProblem(error)
        }
    }

    /// - Returns: false where the folder is missing.
    private static func writeInPlace(
        _ path: String, _ bytes: [UInt8], at offset: Int, flags: Int32
    ) throws(FileFault) -> Bool {
        do throws(FileFault) {
            try RegularFile(writing: path, flags: flags, mode: 0o644, links: .refused).write(bytes, at: offset)
            return true
        } catch {
            guard error.isMissing else { throw error }
            return false
        }
    }

    private static func makeFolder(above path: String) throws(FileFault) {
        try Folder.make(Folder.above(path), mode: 0o755, parents: 0o755)
    }

    static func rename(_ path: String, to other: String) throws(LedgerProblem) {
        do throws(FileFault) { try makeFolder(above: other) } catch { throw LedgerProblem(error) }
        guard Glibc.rename(path, other) == 0 else { throw LedgerProblem(FileFault(.write, other)) }
    }

    static func sync(_ path: String, isFolder: Bool) throws(LedgerProblem) {
        do throws(FileFault) {
            guard !isFolder else { return try Folder.sync(path) }
            let file = try RegularFile(path, links: .refused)
            // Its bytes and its length; when it was changed may be lost.
            let status = file.withDescriptor { file in uninterrupted { fdatasync(file) } }
            guard status == 0 else { throw FileFault(.sync, path) }
        } catch {
            throw LedgerProblem(error)
        }
    }

    /// None where the folder is missing.
    static func names(in path: String) throws(LedgerProblem) -> [(name: String, isFolder: Bool)] {
        do throws(FileFault) {
            return (try Folder.entries(path) ?? []).map { ($0.name, $0.kind == .folder) }
        } catch {
            throw LedgerProblem(error)
        }
    }
}

extension LedgerProblem {
    /// A file that a disk or its rights withhold is no evidence of anything.
    init(_ fault: FileFault) { self.init(fault.description, kind: .unreadable) }
}
