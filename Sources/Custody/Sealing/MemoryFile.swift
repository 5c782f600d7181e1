import CLinux
import Files
import Glibc

/// A file in memory that is being filled, and can still be changed. Only
/// ``sealed()`` makes something of it that an engine is given. For Custody and
/// its tests: `Scripts/boundaries.py` refuses it elsewhere.
package struct MemoryFile: ~Copyable {
    static let chunk = HashingBehind.piece

    private let descriptor: Int32
    private let shown: String
    private(set) var size: UInt64 = 0
    private let hashing = HashingBehind()

    /// - Parameter name: seen in /proc only; its last part is taken.
    package init(_ name: String) throws(CustodyProblem) {
        shown = name
        // memfd_create(2): at most 249 bytes.
        let label = "weights-" + String(name.split(separator: "/").last?.utf8.suffix(100).map(Self.plain) ?? [])
        descriptor = clinux_memory_file(label)
        guard descriptor >= 0 else {
            throw CustodyProblem(
                .system, "a file in memory can't be made: \(reason(errno))", remedy: "raise the limit that it names")
        }
        // Read by the engine, which may run as another user; nobody gets at
        // it but through /proc/PID/fd of a process that has it open.
        fchmod(descriptor, 0o444)
    }

    deinit { close(descriptor) }

    private static func plain(_ byte: UInt8) -> Character {
        let isPlain = byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "/")
        return isPlain ? Character(UnicodeScalar(byte)) : "_"
    }

    /// Appends the bytes that `read` puts into its buffer, and adds them to the running digest.
    ///
    /// - Parameters:
    ///   - most: the largest number of bytes to append.
    ///   - read: puts bytes into the buffer and returns their number.
    /// - Returns: the number of bytes; 0 if nothing was appended.
    mutating func fill(
        most: UInt64 = .max, _ read: (UnsafeMutableRawBufferPointer) throws(CustodyProblem) -> Int
    ) throws(CustodyProblem) -> Int {
        let piece = hashing.take()
        let count: Int
        do throws(CustodyProblem) {
            let room = Int(min(UInt64(piece.buffer.count), most))
            count = try read(UnsafeMutableRawBufferPointer(rebasing: piece.buffer[..<room]))
            try put(UnsafeRawBufferPointer(rebasing: piece.buffer[..<count]))
        } catch {
            hashing.giveBack(piece)
            throw error
        }
        hashing.hash(piece, count: count)
        size += UInt64(count)
        return count
    }

    /// Appends bytes, and takes them into the digest of what came by.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(CustodyProblem) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try fill(most: UInt64(rest.count)) { buffer in
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.prefix(buffer.count)))
                return buffer.count
            }
            rest = rest.dropFirst(count)
        }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(CustodyProblem) {
        guard writeAll(bytes, to: descriptor) else {
            throw CustodyProblem(
                .system, "the memory for \(shown) can't be had: \(reason(errno))",
                remedy: "use a machine with more memory, or a smaller model")
        }
    }

    /// SHA-256 of what was appended, before it was sealed.
    package var streamed: ContentDigest { hashing.digest }

    /// Makes the memory unchangeable for every process, including this one.
    ///
    /// - Throws: ``CustodyProblem`` if the kernel then reports that a seal is missing.
    package consuming func sealed() throws(CustodyProblem) -> SealedMemory {
        let wanted = clinux_seal_write | clinux_seal_grow | clinux_seal_shrink | clinux_seal_seal
        guard clinux_add_seals(descriptor, wanted) == 0 else {
            throw CustodyProblem(
                .system, "the memory of \(shown) can't be sealed: \(reason(errno))",
                remedy: "use Linux 5.1 or newer to host models")
        }
        return try SealedMemory(descriptor, required: wanted, size: size, shown: shown)
    }

    /// A writer's descriptor of its own, for tests that change weights in
    /// memory.
    package func writerForTests() -> Int32 { dup(descriptor) }

    /// The same without a seal, for tests that change weights in memory.
    package consuming func leftUnsealedForTests() throws(CustodyProblem) -> SealedMemory {
        try SealedMemory(descriptor, required: 0, size: size, shown: shown)
    }
}
