import Glibc
import SystemPackage

/// A lock on a file, held for as long as this value lives; the kernel lets go
/// of it if the process dies.
package struct FileLock: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// Takes the lock at once; makes its file (0600) where it is missing.
    /// - Throws: ``FileFault/Cause/inUse`` where another process has it.
    package init(_ path: String) throws(FileFault) { try self.init(path, within: .zero) }

    /// Takes the lock, and waits for another process to give it back.
    package init(waitingFor path: String, within time: Duration = WholeFile.patience) throws(FileFault) {
        try self.init(path, within: time)
    }

    private init(_ path: String, within time: Duration) throws(FileFault) {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW
        let opened = try RegularFile(taking: uninterrupted { open(path, flags, 0o600) }, path, for: .lock)
        opened.withDescriptor { Self.give($0, path) }
        // A duplicate is of the same open file, and so is its lock.
        let descriptor = opened.withDescriptor { fcntl($0, F_DUPFD_CLOEXEC, 0) }
        guard descriptor >= 0 else { throw FileFault(.lock, path) }
        let end = ContinuousClock.now + time
        while uninterrupted({ flock(descriptor, LOCK_EX | LOCK_NB) }) != 0 {
            let isTaken = errno == EWOULDBLOCK
            let fault = FileFault(.lock, path, isTaken ? .inUse : .system(Errno(rawValue: errno)))
            guard isTaken, ContinuousClock.now < end else {
                close(descriptor)
                throw fault
            }
            // flock(2) waits without an end, and has no time limit to give.
            usleep(10_000)
        }
        self.descriptor = FileDescriptor(rawValue: descriptor)
    }

    /// Gives a lock that root has just made to the folder's owner; only an empty
    /// file with one name, since that user could have put another one there.
    private static func give(_ descriptor: Int32, _ path: String) {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_uid == 0, facts.st_size == 0, facts.st_nlink == 1 else { return }
        Inheritance.give(descriptor, in: Folder.above(path))
    }

    deinit { close(descriptor.rawValue) }

    /// Puts a word into the lock's file for those who find it taken.
    package func note(_ text: String) {
        guard ftruncate(descriptor.rawValue, 0) == 0 else { return }
        var text = text
        _ = text.withUTF8 { bytes in
            uninterrupted { pwrite(descriptor.rawValue, bytes.baseAddress, bytes.count, 0) }
        }
    }

    /// Holds the lock until the process ends.
    package consuming func keep() { discard self }
}
