package import Glibc
import SystemPackage

/// An open regular file, closed when this value ends.
///
/// Opening never waits: a FIFO without a writer, a terminal or a device is
/// opened with `O_NONBLOCK`, recognized by fstat(2) on the descriptor itself
/// and closed again. (On regular files the flag means nothing.)
package struct RegularFile: ~Copyable, Sendable {
    private let descriptor: FileDescriptor
    package let path: String
    /// Bytes that it had when it was opened; files of /proc have 0.
    package let size: UInt64

    /// Opens a file for reading.
    package init(_ path: String, links: Links = .followed) throws(FileFault) {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | links.flags
        try self.init(taking: uninterrupted { open(path, flags) }, path, for: .read)
    }

    /// Opens a file for writing and makes it where it is missing.
    /// - Parameter flags: of open(2), beside those for writing.
    package init(
        writing path: String, flags: Int32 = 0, mode: mode_t, links: Links
    ) throws(FileFault) {
        // O_NONBLOCK, else a FIFO would wait for its reader: with it, ENXIO.
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | links.flags | flags
        try self.init(taking: uninterrupted { open(path, flags, mode) }, path, for: .write)
    }

    /// Judges what was just opened, and closes what is no regular file.
    /// - Parameter descriptor: open(2)'s result; below zero where it failed.
    package init(
        taking descriptor: Int32, _ path: String, for operation: FileFault.Operation
    ) throws(FileFault) {
        guard descriptor >= 0 else {
            switch errno {
            case ELOOP:
                throw FileFault(operation, path, Self.isLink(path) ? .link : .system(.tooManySymbolicLinkLevels))
            case ENXIO: throw FileFault(operation, path, .notRegular(.socket))
            case EISDIR: throw FileFault(operation, path, .notRegular(.folder))
            default: throw FileFault(operation, path)
            }
        }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else {
            let fault = FileFault(operation, path)
            close(descriptor)
            throw fault
        }
        let kind = FileKind(mode: facts.st_mode)
        guard kind == .regular else {
            close(descriptor)
            throw FileFault(operation, path, .notRegular(kind))
        }
        self.descriptor = FileDescriptor(rawValue: descriptor)
        self.path = path
        size = UInt64(max(0, facts.st_size))
    }

    deinit { close(descriptor.rawValue) }

    private static func isLink(_ path: String) -> Bool {
        var facts = stat()
        return lstat(path, &facts) == 0 && FileKind(mode: facts.st_mode) == .link
    }

    /// Lends the descriptor, which stays open for as long as `body` runs.
    package func withDescriptor<Result>(_ body: (Int32) -> Result) -> Result { body(descriptor.rawValue) }

    /// Reads from the position where the last read ended.
    /// - Returns: the number of bytes; 0 at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileFault) -> Int {
        let count = uninterrupted { Glibc.read(descriptor.rawValue, buffer.baseAddress, buffer.count) }
        guard count >= 0 else { throw FileFault(.read, path) }
        return count
    }

    /// Reads from an offset.
    /// - Returns: the number of bytes, which is less than the size of the buffer only at the end of the file.
    package func read(
        at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(FileFault) -> Int {
        guard let done = readFully(descriptor.rawValue, at: offset, into: buffer) else { throw FileFault(.read, path) }
        return done
    }

    /// Reads all of it.
    /// - Throws: ``FileFault/Cause/tooLarge(limit:)`` where it is longer,
    ///   before a byte is read if its size says so.
    package func readAll(limit: Int) throws(FileFault) -> [UInt8] {
        guard size <= UInt64(limit) else { throw FileFault(.read, path, .tooLarge(limit: limit)) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(size))
        // Its size and one byte more show the end; /proc tells no sizes.
        let piece = UnsafeMutableRawBufferPointer.allocate(
            byteCount: size > 0 ? Int(min(size + 1, 1 << 20)) : 64 << 10, alignment: 16)
        defer { piece.deallocate() }
        while true {
            let count = try read(into: piece)
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: piece[..<count])
            guard bytes.count <= limit else { throw FileFault(.read, path, .tooLarge(limit: limit)) }
        }
    }

    /// Writes over what stands from some place on, and behind it.
    package func write(_ bytes: [UInt8], at offset: Int) throws(FileFault) {
        var done = 0
        while done < bytes.count {
            let count = uninterrupted {
                bytes.withUnsafeBytes {
                    pwrite(descriptor.rawValue, $0.baseAddress! + done, $0.count - done, off_t(offset + done))
                }
            }
            guard count >= 0 else { throw FileFault(.write, path) }
            done += count
        }
    }
}

/// Fills a buffer from an offset of a file, as far as the file reaches.
/// - Returns: the number of bytes; nil, with `errno` set, if the file can't be read.
package func readFully(
    _ descriptor: Int32, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
) -> Int? {
    var done = 0
    while done < buffer.count {
        let count = uninterrupted {
            pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset) + off_t(done))
        }
        guard count >= 0 else { return nil }
        if count == 0 { break }
        done += count
    }
    return done
}

/// Writes all bytes to a descriptor, however long this takes.
/// - Returns: true if all bytes were accepted; otherwise `errno` has the reason.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
        let count = uninterrupted { write(descriptor, bytes.baseAddress! + done, bytes.count - done) }
        guard count > 0 else { return false }
        done += count
    }
    return true
}
