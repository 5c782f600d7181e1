import Files
package import WeightFormats

/// A file of weights on a disk, to be looked at: what is read may change
/// under the reader, so nothing may be loaded on the strength of it.
package final class WeightFileOnDisk: WeightBytes, Sendable {
    package let size: UInt64
    private let file: RegularFile

    /// Links are followed, since it is a person who named the file; a FIFO
    /// must not hold a command up.
    package init(_ path: String) throws(FormatProblem) {
        do throws(FileFault) {
            file = try RegularFile(path)
        } catch {
            let isOther = if case .notRegular = error.cause { true } else { false }
            throw .unreadable(
                isOther ? "it is not a regular file: \(error.reason)" : "it can't be opened: \(error.reason)", at: nil)
        }
        size = file.size
    }

    package func read(at offset: UInt64, count: Int) throws(FormatProblem) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var fault: FileFault?
        let got = bytes.withUnsafeMutableBytes { buffer in
            do throws(FileFault) {
                return try file.read(at: offset, into: buffer)
            } catch {
                fault = error
                return 0
            }
        }
        if let fault { throw .unreadable(fault.reason, at: offset) }
        guard got == count else { throw .unreadable("the file has become shorter", at: offset + UInt64(got)) }
        return bytes
    }
}
