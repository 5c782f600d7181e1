package import Glibc
package import SystemPackage

/// A file operation that failed: on what, why, and what helps.
package struct FileFault: Error, Sendable, Hashable {
    /// The verb of "cannot … PATH".
    package enum Operation: String, Sendable {
        case read, write, lock, create, list, sync, remove
    }

    /// The reason.
    package enum Cause: Sendable, Hashable {
        /// The system's error number.
        case system(Errno)
        /// Something else than a regular file lies there.
        case notRegular(FileKind)
        /// A symbolic link, in a folder that belongs to Holdfast alone.
        case link
        /// More bytes than such a file may have.
        case tooLarge(limit: Int)
        /// The storage did not answer in time.
        case slow(Duration)
        /// Another process holds the lock.
        case inUse
    }

    package var operation: Operation
    /// The file, as the caller named it.
    package var path: String
    package var cause: Cause

    package init(_ operation: Operation, _ path: String, _ cause: Cause) {
        self.operation = operation
        self.path = path
        self.cause = cause
    }

    /// A fault with the error number of the call just made.
    package init(_ operation: Operation, _ path: String, errno code: Int32 = Glibc.errno) {
        self.init(operation, path, .system(Errno(rawValue: code)))
    }

    /// True if the file does not exist.
    package var isMissing: Bool {
        cause == .system(.noSuchFileOrDirectory) || cause == .system(.notDirectory)
    }

    /// The error number that comes closest to the cause.
    package var code: Int32 {
        switch cause {
        case .system(let errno): errno.rawValue
        case .notRegular(.folder): EISDIR
        case .notRegular: EINVAL
        case .link: ELOOP
        case .tooLarge: EFBIG
        case .slow: ETIMEDOUT
        case .inUse: EWOULDBLOCK
        }
    }

    /// The cause in words.
    package var reason: String {
        switch cause {
        case .system(let errno): String(cString: strerror(errno.rawValue))
        case .notRegular(let kind): "it is \(kind.words), not a regular file"
        case .link: "it is a symbolic link"
        case .tooLarge(let limit): "it is larger than \(Self.size(limit)), which is the limit"
        case .slow(let time): "the storage has not answered for \(time.components.seconds) s"
        case .inUse: "another process holds its lock"
        }
    }

    /// A way out, where there is one that holds for every file.
    package var remedy: String? {
        switch cause {
        case .notRegular, .link: "put the file itself there"
        case .tooLarge: "see whether it is the right file"
        case .slow: "see whether its disk or its network mount works"
        case .inUse: "end that process, or wait for it"
        case .system(.noSpace), .system(.diskQuotaExceeded), .system(.fileTooLarge): "make room for it"
        case .system(.permissionDenied), .system(.notPermitted): "see to its owner and its mode"
        case .system: nil
        }
    }

    private static func size(_ bytes: Int) -> String {
        for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")]
        where bytes >= 1 << shift && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift) \(unit)"
        }
        return "\(bytes) bytes"
    }
}

extension FileFault: CustomStringConvertible {
    /// `cannot read holdfast.yaml: it is a FIFO, not a regular file; put the
    /// file itself there`
    package var description: String {
        "cannot \(operation.rawValue) \(path): \(reason)" + (remedy.map { "; \($0)" } ?? "")
    }
}

/// The kind of thing that a path leads to.
package enum FileKind: Sendable, Hashable {
    case regular, folder, fifo, device, socket, link, other

    /// Creates the kind from the mode that stat(2) returns.
    package init(mode: mode_t) {
        self =
            switch mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .folder
            case S_IFIFO: .fifo
            case S_IFCHR, S_IFBLK: .device
            case S_IFSOCK: .socket
            case S_IFLNK: .link
            default: .other
            }
    }

    /// The kind of thing that a path leads to at this moment; nil where nothing
    /// is there, or nothing can be told of it.
    package static func at(_ path: String, links: Links = .followed) -> FileKind? {
        var facts = stat()
        let isKnown = links == .followed ? stat(path, &facts) == 0 : lstat(path, &facts) == 0
        return isKnown ? FileKind(mode: facts.st_mode) : nil
    }

    package var words: String {
        switch self {
        case .regular: "a regular file"
        case .folder: "a folder"
        case .fifo: "a FIFO"
        case .device: "a device"
        case .socket: "a socket"
        case .link: "a symbolic link"
        case .other: "something else"
        }
    }
}

/// The treatment of a symbolic link in a path's last part.
package enum Links: Sendable {
    /// A person has named the file, and may have named a link to it.
    case followed
    /// The folder belongs to Holdfast alone: a link in it is foreign.
    case refused

    var flags: Int32 { self == .refused ? O_NOFOLLOW : 0 }
}
