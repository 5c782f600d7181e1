import Encodings
import Glibc
package import WeightFormats

/// A file of weights on a disk, to be looked at: what is read may change
/// under the reader, so nothing may be loaded on the strength of it.
package final class WeightFileOnDisk: WeightBytes, Sendable {
    package let size: UInt64
    private let descriptor: Int32

    /// Links are followed, since it is a person who named the file; whatever
    /// isn't a regular file is not opened for long: a FIFO must not hold a
    /// command up.
    package init(_ path: String) throws(FormatProblem) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            throw .unreadable("it can't be opened: \(String(cString: strerror(errno)))", at: nil)
        }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .unreadable("it is not a regular file", at: nil)
        }
        size = UInt64(facts.st_size)
    }

    deinit { close(descriptor) }

    package func read(at offset: UInt64, count: Int) throws(FormatProblem) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var place = 0
        while place < count {
            let got = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + place, count - place, off_t(offset) + off_t(place))
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else {
                let why = got == 0 ? "the file has become shorter" : String(cString: strerror(errno))
                throw .unreadable(why, at: offset + UInt64(place))
            }
            place += got
        }
        return bytes
    }
}
