import Glibc

/// The system would not do something with a file.
package struct FileFault: Error, Sendable, Hashable {
    /// What was tried, as it goes into "cannot … PATH": read, write, lock.
    package var operation: String
    /// The file, as the caller named it.
    package var path: String
    /// The system's error number.
    package var code: Int32

    /// A fault, by default with the error number of the call just made.
    package init(_ operation: String, _ path: String, code: Int32 = errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// Whether there is no such file.
    package var isMissing: Bool { code == ENOENT || code == ENOTDIR }
}

extension FileFault: CustomStringConvertible {
    /// `cannot read holdfast.yaml: No such file or directory`
    package var description: String { "cannot \(operation) \(path): \(String(cString: strerror(code)))" }
}

/// A file descriptor that is closed when it goes out of scope.
struct Descriptor: ~Copyable {
    let number: Int32

    init(_ path: String, _ flags: Int32, mode: mode_t = 0, for operation: String) throws(FileFault) {
        number = open(path, flags | O_CLOEXEC, mode)
        if number < 0 { throw FileFault(operation, path) }
    }

    deinit { close(number) }
}
