import CLinux
import Crypto
import Files
import Glibc

/// A file that an engine executes code out of.
package struct EngineImage: Sendable, Hashable {
    package var path: String
    package var sha256: ContentDigest

    package init(path: String, sha256: ContentDigest) { (self.path, self.sha256) = (path, sha256) }

    /// Hashes a file as it lies there.
    package init(reading path: String) throws(CustodyProblem) {
        let file = clinux_open(path, O_RDONLY, 0)
        guard file >= 0 else { throw Self.unreadable(path) }
        defer { close(file) }
        self.init(path: path, sha256: try Self.digest(of: file, path))
    }

    /// Returns the digest of every file with an executable mapping; each file once.
    ///
    /// - Throws: ``CustodyProblem`` if a file can't be read, or code is in memory that belongs to no file.
    static func all(of process: Int32, _ facts: ProcessFacts) throws(CustodyProblem) -> [EngineImage] {
        var images: [EngineImage] = []
        var seen: Set<String> = []
        for mapping in facts.mappings where mapping.isExecutable && !mapping.isOfTheKernel {
            guard mapping.inode != 0 else {
                throw CustodyProblem(
                    .engine, "the engine has executable memory that belongs to no file (\(mapping.size >> 10) KiB)",
                    remedy: "use an engine that compiles nothing while it runs")
            }
            guard seen.insert("\(mapping.device) \(mapping.inode)").inserted else { continue }
            images.append(EngineImage(path: mapping.path, sha256: try digest(of: mapping, in: process)))
        }
        return images.sorted { $0.path < $1.path }
    }

    /// The digest of exactly the file that is mapped, if the kernel allows access to it; otherwise the digest of the
    /// file at its path.
    private static func digest(of mapping: MemoryMapping, in process: Int32) throws(CustodyProblem) -> ContentDigest {
        let range = mapping.addresses
        let exact =
            "/proc/\(process)/map_files/\(String(range.lowerBound, radix: 16))-\(String(range.upperBound, radix: 16))"
        var file = clinux_open(exact, O_RDONLY, 0)
        if file < 0 { file = clinux_open(mapping.path, O_RDONLY, 0) }
        guard file >= 0 else { throw unreadable(mapping.path) }
        defer { close(file) }
        return try digest(of: file, mapping.path)
    }

    private static func unreadable(_ path: String) -> CustodyProblem {
        CustodyProblem(
            .engine, "\(path), which the engine executes, can't be read: \(reason(errno))",
            remedy: "let Holdfast's user read it")
    }

    private static func digest(of file: Int32, _ path: String) throws(CustodyProblem) -> ContentDigest {
        var hasher = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: MemoryFile.chunk, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = uninterrupted { read(file, buffer.baseAddress, buffer.count) }
            guard count >= 0 else { throw unreadable(path) }
            guard count > 0 else { return ContentDigest(hasher.finalize()) }
            hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
