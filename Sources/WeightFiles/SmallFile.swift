import Encodings
package import Glibc
package import WeightSigning

/// Keys, certificates, signatures: files that are read and written whole.
package enum SmallFile {
    /// Also a pipe, so that a key needs no file: `--private-key <(…)`.
    ///
    /// - Parameter most: bytes that it may have.
    package static func read(_ path: String, most: Int) throws(SigningProblem) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw problem("read", path) }
        defer { close(descriptor) }
        return try contents(of: descriptor, path, most: most)
    }

    /// For whoever must not be kept waiting by whatever lies there: a FIFO would
    /// hold up all that a gateway does.
    package static func readRegular(_ path: String, most: Int) throws(SigningProblem) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw problem("read", path) }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable("\(path.printable) is not a regular file", remedy: "put the file there")
        }
        return try contents(of: descriptor, path, most: most)
    }

    private static func contents(
        of descriptor: Int32, _ path: String, most: Int
    ) throws(SigningProblem) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                guard errno == EINTR else { throw problem("read", path) }
                continue
            }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= most else { throw .unreadable("\(path.printable) is larger than \(most) bytes") }
        }
    }

    package static func text(_ path: String) throws(SigningProblem) -> String {
        try text(try read(path, most: mostOfText), path)
    }

    package static func regularText(_ path: String) throws(SigningProblem) -> String {
        try text(try readRegular(path, most: mostOfText), path)
    }

    private static let mostOfText = 1 << 20

    private static func text(_ bytes: [UInt8], _ path: String) throws(SigningProblem) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable("\(path.printable) is not a text", remedy: "give the file in PEM, not in DER")
        }
        return text
    }

    /// Whole or not at all, and on the disk when this returns.
    ///
    /// - Parameters:
    ///   - mode: of the file.
    ///   - replaces: one that is there already; else that is an error.
    package static func write(_ text: String, to path: String, mode: mode_t, replaces: Bool) throws(SigningProblem) {
        let partial = "\(path).partial-\(getpid())"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw problem("write", path) }
        var isDone = false
        defer { if !isDone { unlink(partial) } }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { throw problem("write", path) }
            rest = rest.dropFirst(max(0, count))
        }
        guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else { throw problem("write", path) }
        if replaces {
            guard rename(partial, path) == 0 else { throw problem("write", path) }
            isDone = true
        } else {
            guard link(partial, path) == 0 else { throw problem("write", path) }
        }
    }

    private static func problem(_ what: String, _ path: String) -> SigningProblem {
        .unreadable("can't \(what) \(path.printable): \(String(cString: strerror(errno)))", remedy: "")
    }
}
