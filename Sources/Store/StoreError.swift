import GRDB

/// Why Holdfast can't remember, and what to do about it.
package struct StoreError: Error, Sendable, Equatable {
    package var message: String

    package init(message: String) { self.message = message }

    static func newer(_ path: String) -> StoreError {
        StoreError(
            message:
                "\(path) was written by a newer Holdfast; run that one, or set `data: {directory:}` to another folder"
        )
    }

    init(_ error: any Error, _ path: String) {
        guard let database = error as? DatabaseError else {
            message = "\(path) can't be used: \(error)"
            return
        }
        message =
            switch database.resultCode.primaryResultCode {
            case .SQLITE_FULL: "the disk is full: \(path) can't be written; make room"
            case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN:
                "\(path) can't be opened for writing; check its folder's owner and mode"
            case .SQLITE_CORRUPT, .SQLITE_NOTADB:
                "\(path) is damaged; move it away to start with an empty memory, or put a backup in its place"
            case .SQLITE_BUSY, .SQLITE_LOCKED: "\(path) is in use by another process; only one Holdfast may use it"
            case .SQLITE_IOERR: "\(path) can't be read or written (\(database.message ?? "input/output error"))"
            default: "\(path): \(database.message ?? "error \(database.resultCode.rawValue)")"
            }
    }
}
