package import Files
import Glibc

/// A stamp that distinguishes two states of a file without reading it.
package struct FileStamp: Sendable, Hashable {
    private var inode: UInt
    private var size: Int
    private var modified: [UInt8]
    private var changed: [UInt8]

    /// Returns the stamp of a file, through symbolic links; nil if there is no file.
    /// - Throws: ``FileFault`` if its storage doesn't respond.
    package static func look(at path: String) throws(FileFault) -> FileStamp? {
        try Patience.run(.read, path, within: WholeFile.patience) { () throws(FileFault) in FileStamp(path) }
    }

    private init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        // As bytes: which module `timespec` and its members belong to depends
        // on the order in which the compiler meets the imports of this module.
        modified = withUnsafeBytes(of: status.st_mtim) { Array($0) }
        changed = withUnsafeBytes(of: status.st_ctim) { Array($0) }
    }
}

/// A watch that reports when a file has changed: written in place, replaced, removed, or created again.
///
/// It examines the file four times a second instead of asking the kernel for notifications: inotify watches inodes,
/// while editors, `kubectl` and Holdfast itself replace files. A change is reported when two looks in a row agree, so
/// that a file is not read while it is being written: at most two intervals after the change.
///
/// Make the watch *before* reading the file for the first time: it compares with the state of the file at that moment,
/// so no change between the two is missed.
package struct FileWatch: Sendable {
    /// The time between two looks: a new key counts after two of them, within the second that README promises.
    package static let usualInterval = Duration.milliseconds(250)

    /// The file.
    package let path: String
    private let interval: Duration
    private let start: FileStamp?

    /// Remembers how the file is now; starts nothing yet.
    package init(path: String, interval: Duration = usualInterval) {
        self.path = path
        self.interval = interval
        start = (try? FileStamp.look(at: path)) ?? nil
    }

    /// A stream with one element for every change; changes that were not read in time become one element. Ends when its
    /// task is cancelled or the stream is released.
    package func changes(clock: some Clock<Duration> = ContinuousClock()) -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let task = Task {
                var sight = Sight(told: start)
                while !Task.isCancelled {
                    do { try await clock.sleep(for: interval) } catch { break }
                    // What can't be looked at has not changed, as far as is known.
                    guard case .success(let stamp) = Self.look(at: path) else { continue }
                    if sight.observe(stamp) { continuation.yield() }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private static func look(at path: String) -> Result<FileStamp?, FileFault> {
        Result { () throws(FileFault) in try FileStamp.look(at: path) }
    }

    /// The rule that decides when a change is reported.
    package struct Sight: Sendable {
        private var told: FileStamp?
        private var pending: FileStamp??

        /// Starts from what the watcher's owner knows.
        package init(told: FileStamp?) { self.told = told }

        /// Takes the next look; returns true if a change is to be reported now.
        package mutating func observe(_ stamp: FileStamp?) -> Bool {
            if stamp == told {
                pending = .none
                return false
            }
            if let pending, pending == stamp {
                told = stamp
                self.pending = .none
                return true
            }
            pending = .some(stamp)
            return false
        }
    }
}
