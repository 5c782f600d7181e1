package import Glibc
import SystemPackage

/// A small file that is read and written as a whole: settings, keys,
/// checkpoints, manifests, signatures.
package enum WholeFile {
    /// The time that storage is given to answer.
    package static let patience = Duration.seconds(10)
    /// The time that a command which writes into a pipe is given: it may ask
    /// a person for a passphrase.
    private static let pipePatience = Duration.seconds(120)

    /// Reads a regular file.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that such a file can have; a longer one is
    ///     refused before it is read.
    ///   - within: the time after which the caller goes on without the file,
    ///     because a disk or a mount hangs; nil for files of the kernel's.
    package static func readAll(
        _ path: String, limit: Int, links: Links = .followed, within: Duration? = patience
    ) throws(FileFault) -> [UInt8] {
        let work: @Sendable () throws(FileFault) -> [UInt8] = { () throws(FileFault) in
            try RegularFile(path, links: links).readAll(limit: limit)
        }
        guard let within else { return try work() }
        return try Patience.run(.read, path, within: within, work)
    }

    /// Reads a regular file, or a pipe that a shell hands over by its
    /// descriptor: `--private-key <(age -d signer.key.age)` is `/dev/fd/63`.
    package static func readAllOrPipe(_ path: String, limit: Int) throws(FileFault) -> [UInt8] {
        let isHandedOver = path == "/dev/stdin" || path.hasPrefix("/dev/fd/") || path.hasPrefix("/proc/self/fd/")
        guard isHandedOver else { return try readAll(path, limit: limit) }
        return try Patience.run(.read, path, within: pipePatience) { () throws(FileFault) in
            let descriptor = uninterrupted { open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) }
            guard descriptor >= 0 else { throw FileFault(.read, path) }
            defer { close(descriptor) }
            var facts = stat()
            guard fstat(descriptor, &facts) == 0 else { throw FileFault(.read, path) }
            let kind = FileKind(mode: facts.st_mode)
            guard kind == .regular || kind == .fifo else { throw FileFault(.read, path, .notRegular(kind)) }
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = uninterrupted { read(descriptor, &piece, piece.count) }
                guard count >= 0 else { throw FileFault(.read, path) }
                guard count > 0 else { return bytes }
                bytes += piece[..<count]
                guard bytes.count <= limit else { throw FileFault(.read, path, .tooLarge(limit: limit)) }
            }
        }
    }

    /// Returns whether there is a regular file or a folder at the path that this process may read; also false if its
    /// storage doesn't respond.
    package static func isReadable(_ path: String) -> Bool {
        let found = try? Patience.run(.read, path, within: patience) { () throws(FileFault) -> Bool in
            var facts = stat()
            guard stat(path, &facts) == 0 else { return false }
            return [.regular, .folder].contains(FileKind(mode: facts.st_mode)) && access(path, R_OK) == 0
        }
        return found ?? false
    }

    /// Replaces a file, or makes it: see ``Replacement``.
    ///
    /// - Parameter links: followed: a symbolic link stays one, and what it
    ///   points to is replaced; refused: the link itself is replaced.
    /// - Throws: ``FileFault/Cause/notRegular(_:)`` where a person's path leads
    ///   to something else than a file: `/dev/stdout` is not to be replaced.
    package static func replaceDurably(
        _ path: String, with bytes: [UInt8], mode: mode_t = 0o600, links: Links = .followed
    ) throws(FileFault) {
        try replace(path, with: bytes, links: links) { _ in mode }
    }

    /// Writes a file for a person, in the place that was named: see
    /// ``Replacement``. One that was there keeps its mode; a new one has what
    /// the umask leaves. A device or a pipe that is read, such as `/dev/stdout`
    /// or a shell's `>(…)`, gets the bytes itself.
    package static func writeDurably(_ path: String, with bytes: [UInt8]) throws(FileFault) {
        let kind = FileKind.at(path)
        if kind == .device || kind == .fifo { return try pour(bytes, into: path) }
        try replace(path, with: bytes, links: .followed) { $0.map { $0.st_mode & 0o777 } }
    }

    private static func pour(_ bytes: [UInt8], into path: String) throws(FileFault) {
        // With O_NONBLOCK a FIFO that nobody reads is ENXIO, and no wait.
        let descriptor = uninterrupted { open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) }
        guard descriptor >= 0 else {
            throw errno == ENXIO ? FileFault(.write, path, .notRegular(.fifo)) : FileFault(.write, path)
        }
        defer { close(descriptor) }
        let taken = bytes.withUnsafeBytes { Output.write($0, to: descriptor, patience: pipePatience) }
        guard taken == bytes.count else { throw FileFault(.write, path, errno: errno == 0 ? EPIPE : errno) }
    }

    /// - Parameter mode: of the new file, by the facts of the old one.
    private static func replace(
        _ path: String, with bytes: [UInt8], links: Links, mode: (stat?) -> mode_t?
    ) throws(FileFault) {
        var facts = stat()
        let isThere = links == .followed && stat(path, &facts) == 0
        if isThere, FileKind(mode: facts.st_mode) != .regular {
            throw FileFault(.write, path, .notRegular(FileKind(mode: facts.st_mode)))
        }
        try Replacement(LinuxCalls()).replace(
            links == .followed ? resolved(path) : path, with: bytes, mode: mode(isThere ? facts : nil))
    }

    /// Makes a file that must not be there yet: see ``Replacement``.
    /// - Throws: `EEXIST` where something is there.
    package static func createDurably(
        _ path: String, with bytes: [UInt8], mode: mode_t = 0o600
    ) throws(FileFault) {
        try Replacement(LinuxCalls()).create(path, with: bytes, mode: mode)
    }

    /// Returns the path after symbolic links are followed, or the path itself if nothing exists there yet.
    package static func resolved(_ path: String) -> String {
        guard let found = realpath(path, nil) else { return path }
        defer { free(found) }
        return String(cString: found)
    }
}
