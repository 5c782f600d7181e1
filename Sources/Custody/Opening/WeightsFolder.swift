import CLinux
import Files
import Glibc

/// The folder of a model's files, held open. Files are opened relative to the open folder, so they are in this folder
/// even if its path now leads elsewhere.
package struct WeightsFolder: ~Copyable {
    let path: String
    private let descriptor: Int32

    package init(_ path: String) throws(CustodyProblem) {
        self.path = path
        descriptor = clinux_open_folder(path)
        guard descriptor >= 0 else {
            throw CustodyProblem(
                .missing, "the model's folder \(path) can't be opened: \(reason(errno))",
                remedy: "correct model_file, or fetch the model")
        }
    }

    deinit { close(descriptor) }

    /// Opens a plain file beneath the folder. No link is followed, neither
    /// as the file nor on the way to it.
    package func open(_ name: String) throws(CustodyProblem) -> PlainFile {
        let file = clinux_open_beneath(descriptor, name)
        let shown = "\(path)/\(name)"
        guard file >= 0 else {
            switch errno {
            case ELOOP:
                throw CustodyProblem(
                    .notPlain, "\(shown) is a link, or there is one on the way to it",
                    remedy: "name the file that it leads to, or put the file itself there")
            case EXDEV:
                throw CustodyProblem(
                    .notPlain, "\(shown) leads out of the model's folder", remedy: "put the file itself there")
            case ENOSYS:
                throw CustodyProblem(
                    .system, "this kernel has no openat2", remedy: "use Linux 5.6 or newer to host models")
            case ENXIO:
                throw CustodyProblem(
                    .notPlain, "\(shown) is a socket or a device", remedy: "put the model's file there")
            default:
                throw CustodyProblem(
                    .missing, "the model file \(shown) is missing or cannot be read (\(reason(errno)))",
                    remedy: "fetch it with `make setup`, or correct model_file")
            }
        }
        return try PlainFile(descriptor: file, path: shown)
    }
}

/// An open file that is a regular one, and no other kind of thing.
package struct PlainFile: ~Copyable {
    let descriptor: Int32
    let path: String
    let size: UInt64

    /// Takes the descriptor over.
    fileprivate init(descriptor: Int32, path: String) throws(CustodyProblem) {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            let kind =
                switch facts.st_mode & S_IFMT {
                case S_IFDIR: "a folder"
                case S_IFIFO: "a FIFO"
                case S_IFCHR, S_IFBLK: "a device"
                default: "no regular file"
                }
            close(descriptor)
            throw CustodyProblem(.notPlain, "\(path) is \(kind)", remedy: "name one GGUF file as model_file")
        }
        guard facts.st_nlink <= 1 else {
            close(descriptor)
            throw CustodyProblem(
                .notPlain,
                "\(path) has \(facts.st_nlink) names (hard links): it can be changed from outside its folder",
                remedy: "put a copy of its own there")
        }
        self.descriptor = descriptor
        self.path = path
        size = UInt64(max(0, facts.st_size))
    }

    deinit { close(descriptor) }

    /// Reads on from where the last one ended; 0 at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(CustodyProblem) -> Int {
        let count = uninterrupted { Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
        guard count >= 0 else {
            throw CustodyProblem(
                .missing, "\(path) can't be read: \(reason(errno))", remedy: "see whether the disk is in order")
        }
        return count
    }
}

func reason(_ error: Int32) -> String { String(cString: strerror(error)) }
