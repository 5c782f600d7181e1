package import Glibc

/// The replacement of a file that survives a crash at any moment: the file has the old content or the new, never a part
/// of it, and once this returns it has the new.
///
/// The system calls, in their order:
///
/// 1. `open(NEW, O_CREAT | O_EXCL | O_NOFOLLOW)`, a separate name in the same folder: a rename across file systems is
///   not atomic.
/// 2. `write(NEW)` until all is written; `fchmod(NEW)`, since the umask may have removed permissions, where the
///   file has a mode of its own; `fchown(NEW)` to the folder's owner, where root writes into another user's folder.
/// 3. `fsync(NEW)`: without it, the name may reach the disk before the bytes, and a crash would leave an empty file
///   under the old name.
/// 4. `close(NEW)`.
/// 5. `rename(NEW, PATH)`; or `link(NEW, PATH)` and `unlink(NEW)` where there must be no file yet, since rename(2)
///   would replace one.
/// 6. `open(FOLDER, O_DIRECTORY)`, `fsync(FOLDER)`, `close(FOLDER)`: names are part of the folder, which is a file of
///   its own.
///
/// A failure before step 5 leaves only the old file. A failure in step 6 is reported: the new content is there, but a
/// crash may bring back the old.
package struct Replacement<Calls: DurableCalls> {
    private let calls: Calls

    package init(_ calls: Calls) { self.calls = calls }

    /// Replaces a file, or makes it.
    ///
    /// - Parameter mode: of the file; nil leaves it to the umask.
    package func replace(_ path: String, with bytes: [UInt8], mode: mode_t?) throws(FileFault) {
        let new = try write(bytes, beside: path, mode: mode)
        do throws(FileFault) {
            try calls.rename(new, to: path)
        } catch {
            calls.remove(new)
            throw error
        }
        try calls.syncFolder(Folder.above(path))
    }

    /// Makes a file that is not there yet.
    package func create(_ path: String, with bytes: [UInt8], mode: mode_t?) throws(FileFault) {
        let new = try write(bytes, beside: path, mode: mode)
        do throws(FileFault) {
            try calls.link(new, to: path)
        } catch {
            calls.remove(new)
            throw error
        }
        calls.remove(new)
        try calls.syncFolder(Folder.above(path))
    }

    /// - Returns: the name of a durable file with these bytes.
    private func write(_ bytes: [UInt8], beside path: String, mode: mode_t?) throws(FileFault) -> String {
        let new = "\(path).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).new"
        let file = try calls.create(new, mode: mode, for: path)
        do throws(FileFault) {
            defer { calls.close(file) }
            try calls.write(bytes, to: file, for: path)
            try calls.sync(file, for: path)
        } catch {
            calls.remove(new)
            throw error
        }
        return new
    }
}

/// The system calls of a ``Replacement``. Tests put a file system that
/// forgets in their place.
package protocol DurableCalls {
    /// An open descriptor.
    associatedtype File

    /// Faults name `path`, which the caller knows, and not `new`.
    func create(_ new: String, mode: mode_t?, for path: String) throws(FileFault) -> File
    func write(_ bytes: [UInt8], to file: File, for path: String) throws(FileFault)
    func sync(_ file: File, for path: String) throws(FileFault)
    func close(_ file: File)
    func rename(_ new: String, to path: String) throws(FileFault)
    func link(_ new: String, to path: String) throws(FileFault)
    func remove(_ new: String)
    func syncFolder(_ path: String) throws(FileFault)
}

/// The kernel's own.
struct LinuxCalls: DurableCalls {
    func create(_ new: String, mode: mode_t?, for path: String) throws(FileFault) -> Int32 {
        let file = uninterrupted { open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode ?? 0o666) }
        guard file >= 0 else { throw FileFault(.write, path) }
        if let mode, fchmod(file, mode) != 0 {
            let fault = FileFault(.write, path)
            close(file)
            remove(new)
            throw fault
        }
        Inheritance.give(file, in: Folder.above(path))
        return file
    }

    func write(_ bytes: [UInt8], to file: Int32, for path: String) throws(FileFault) {
        guard bytes.withUnsafeBytes({ writeAll($0, to: file) }) else { throw FileFault(.write, path) }
    }

    func sync(_ file: Int32, for path: String) throws(FileFault) {
        guard uninterrupted({ fsync(file) }) == 0 else { throw FileFault(.write, path) }
    }

    func close(_ file: Int32) { Glibc.close(file) }

    func rename(_ new: String, to path: String) throws(FileFault) {
        guard Glibc.rename(new, path) == 0 else { throw FileFault(.write, path) }
    }

    func link(_ new: String, to path: String) throws(FileFault) {
        guard Glibc.link(new, path) == 0 else { throw FileFault(.write, path) }
    }

    func remove(_ new: String) { unlink(new) }

    func syncFolder(_ path: String) throws(FileFault) { try Folder.sync(path) }
}
