import Files
import GRDB
import Glibc
import Storage

extension StorageError {
    static func newer(_ path: String) -> StorageError {
        StorageError(
            .newer,
            "\(path) was written by a newer Holdfast; run that one, or set `data: {directory:}` to another folder")
    }

    /// - Parameter cause: in the words of whoever found it.
    static func damaged(_ path: String, _ cause: String) -> StorageError {
        StorageError(
            .damaged,
            "\(path) is damaged (\(cause)); move it away to start with an empty memory, or put a backup in its place")
    }

    static func inUse(_ path: String) -> StorageError {
        StorageError(
            .inUse,
            "\(path) is in use by another Holdfast; stop it, or set `data: {directory:}` to another folder")
    }

    /// The error for a file or a folder that the system refuses.
    static func unusable(_ fault: FileFault) -> StorageError {
        let path = fault.path
        return switch fault.code {
        case ENOSPC, EDQUOT: full(path, fault.reason)
        case EACCES, EPERM, EROFS: notWritable(path, fault.reason)
        case ENOTDIR, EEXIST:
            StorageError(.unusable, "\(path) can't be used: a file is where a folder should be; move it away")
        case EISDIR: StorageError(.unusable, "\(path) is a folder where a file should be; move it away")
        default:
            StorageError(
                .unusable,
                """
                \(path) can't be used: \(fault.reason); set `data: {directory:}` to \
                a folder that Holdfast can write
                """)
        }
    }

    init(_ error: any Error, _ path: String) {
        if let error = error as? StorageError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            // A row that can't be read as what it should be. Its values are not
            // for a log.
            self = .damaged(path, "a row can't be read: \(type(of: error))")
            return
        }
        let cause = "SQLite's error \(error.extendedResultCode.rawValue)" + (error.message.map { ": \($0)" } ?? "")
        self =
            switch error.resultCode.primaryResultCode {
            case .SQLITE_FULL: .full(path, cause)
            case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN: .notWritable(path, cause)
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .damaged(path, cause)
            case .SQLITE_BUSY, .SQLITE_LOCKED:
                StorageError(
                    .busy,
                    "\(path) is locked by another process (\(cause)); end it, only one Holdfast may use the file")
            case .SQLITE_IOERR:
                StorageError(
                    .unusable,
                    "\(path) can't be read or written (\(cause)); check the disk, and that there is room on it")
            default:
                StorageError(
                    .unusable, "\(path) can't be used (\(cause)); move it away if it isn't Holdfast's")
            }
    }

    private static func full(_ path: String, _ cause: String) -> StorageError {
        StorageError(.full, "the disk is full, \(path) can't be written (\(cause)); make room")
    }

    private static func notWritable(_ path: String, _ cause: String) -> StorageError {
        StorageError(
            .notWritable,
            """
            \(path) can't be written (\(cause)); check the owner and mode of it and of its folder, or set `data: \
            {directory:}` to another one
            """)
    }
}
