import Glibc
import Ledger
import LedgerDisk

/// Files that the command line names.
enum AuditedFile {
    static func read(_ path: String) throws(AuditFailure) -> [UInt8] {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let bytes = try AuditFailure.judged { () throws(LedgerProblem) in
            try LedgerFolder(folder.isEmpty ? "/" : folder).read(name)
        }
        guard let bytes else { throw .couldNotLook(isFolder(path) ? "\(path) is a folder" : "\(path) is not there") }
        return bytes
    }

    static func isFolder(_ path: String) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
    }
}
