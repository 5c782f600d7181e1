import CLinux
import Crypto
import Files
import Glibc
package import WeightFormats

/// Bytes in memory that no process can change any more: a memfd with its seals on, open for reading only. They exist
/// for as long as a descriptor of them is open.
package final class SealedMemory: Sendable {
    package let descriptor: Int32
    package let size: UInt64
    /// As the kernel tells them.
    package let seals: SealSet
    /// Tells its pages in /proc/PID/maps from all others.
    package let identity: FileIdentity
    private let shown: String

    /// Opens the file behind the writer's descriptor again, for reading only.
    init(_ writer: Int32, required: Int32, size: UInt64, shown: String) throws(CustodyProblem) {
        let reader = clinux_open("/proc/self/fd/\(writer)", O_RDONLY, 0)
        guard reader >= 0 else {
            throw CustodyProblem(
                .system, "the memory of \(shown) can't be opened again: \(reason(errno))",
                remedy: "mount /proc, which hosting models needs")
        }
        var facts = stat()
        var original = stat()
        let seals = clinux_get_seals(reader)
        guard fstat(reader, &facts) == 0, fstat(writer, &original) == 0, facts.st_ino == original.st_ino,
            facts.st_dev == original.st_dev, UInt64(facts.st_size) == size, seals >= 0, seals & required == required
        else {
            close(reader)
            throw CustodyProblem(
                .system, "the seals of \(shown) don't hold (\(SealSet(rawValue: seals)))",
                remedy: "report this: the kernel said that they were set")
        }
        descriptor = reader
        self.size = size
        self.seals = SealSet(rawValue: seals)
        identity = FileIdentity(device: UInt64(facts.st_dev), inode: UInt64(facts.st_ino))
        self.shown = shown
    }

    deinit { close(descriptor) }

    /// Fills the buffer from an offset.
    /// - Throws: ``CustodyProblem`` if there are fewer bytes.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(CustodyProblem) {
        guard readFully(descriptor, at: offset, into: buffer) == buffer.count else {
            throw CustodyProblem(
                .system, "the memory of \(shown) can't be read at \(offset)", remedy: "report this")
        }
    }

    /// SHA-256 of all of it, read through the descriptor: of the pages
    /// themselves, which the engine maps.
    package func digest() throws(CustodyProblem) -> ContentDigest {
        var pass = HashingPass(self)
        while !pass.isOver { try pass.step() }
        return pass.digest
    }
}

/// One pass over sealed memory from its first byte to its last, in steps of any number of bytes.
package struct HashingPass {
    private let memory: SealedMemory
    private var hasher = SHA256()
    private var offset: UInt64 = 0

    package init(_ memory: SealedMemory) { self.memory = memory }

    package var isOver: Bool { offset == memory.size }

    /// Reads the next bytes; ``MemoryFile/chunk`` at the most.
    package mutating func step() throws(CustodyProblem) {
        let count = Int(min(UInt64(MemoryFile.chunk), memory.size - offset))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, count), alignment: 64)
        defer { buffer.deallocate() }
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        try memory.read(at: offset, into: part)
        hasher.update(bufferPointer: UnsafeRawBufferPointer(part))
        offset += UInt64(count)
    }

    /// The digest of the bytes that were read so far.
    package var digest: ContentDigest { ContentDigest(hasher.finalize()) }
}

extension SealedMemory: WeightBytes {
    package func read(at offset: UInt64, count: Int) throws(FormatProblem) -> [UInt8] {
        do throws(CustodyProblem) {
            guard count > 0 else { return [] }
            var failure: CustodyProblem?
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                do throws(CustodyProblem) {
                    try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
                    initialized = count
                } catch { failure = error }
            }
            if let failure { throw failure }
            return bytes
        } catch {
            throw .unreadable(error.what, at: offset)
        }
    }
}

/// Device and inode.
package struct FileIdentity: Sendable, Hashable {
    package var device: UInt64
    package var inode: UInt64

    package init(device: UInt64, inode: UInt64) { (self.device, self.inode) = (device, inode) }
}

/// fcntl(2)'s seals, in words.
package struct SealSet: Sendable, Hashable, CustomStringConvertible {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package var names: [String] {
        [
            (clinux_seal_write, "write"), (clinux_seal_grow, "grow"), (clinux_seal_shrink, "shrink"),
            (clinux_seal_seal, "seal"),
        ].filter { rawValue & $0.0 != 0 }.map(\.1)
    }

    /// True if no process can change the memory, regardless of its rights.
    package var isWhole: Bool { names.count == 4 }

    package var description: String { names.isEmpty ? "none" : names.joined(separator: ", ") }
}
