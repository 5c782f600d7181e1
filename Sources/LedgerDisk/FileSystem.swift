import Glibc
import Ledger

/// Calls of the system, with errors that say what and where.
enum FileSystem {
    static func problem(_ what: String, _ path: String) -> LedgerProblem {
        LedgerProblem("can't \(what) \(path): \(String(cString: strerror(errno)))", kind: .unreadable)
    }

    static func read(_ path: String) throws(LedgerProblem) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR || errno == EISDIR { return nil }
            throw problem("read", path)
        }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw problem("read", path) }
        guard facts.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(facts.st_size))
        var place = 0
        while place < bytes.count {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + place, $0.count - place) }
            if count < 0 {
                if errno == EINTR { continue }
                throw problem("read", path)
            }
            if count == 0 { break }
            place += count
        }
        bytes.removeLast(bytes.count - place)
        return bytes
    }

    /// - Parameter flags: of open(2), beside those for writing.
    static func write(
        _ path: String, _ bytes: [UInt8], at offset: Int = 0, flags: Int32
    ) throws(LedgerProblem) {
        var file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o644)
        if file < 0, errno == ENOENT {
            try makeFolder(above: path)
            file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o644)
        }
        guard file >= 0 else { throw problem("write", path) }
        var place = 0
        while place < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(file, $0.baseAddress! + place, $0.count - place, off_t(offset + place))
            }
            if count < 0 {
                if errno == EINTR { continue }
                let error = problem("write", path)
                close(file)
                throw error
            }
            place += count
        }
        guard close(file) == 0 else { throw problem("write", path) }
    }

    static func makeFolder(above path: String) throws(LedgerProblem) {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
        try makeFolder(String(path[..<slash]), mode: 0o755)
    }

    static func makeFolder(_ path: String, mode: mode_t) throws(LedgerProblem) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw problem("make the folder", path) }
        try makeFolder(above: path)
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw problem("make the folder", path) }
    }

    static func sync(_ path: String, isFolder: Bool) throws(LedgerProblem) {
        let file = open(path, O_RDONLY | O_CLOEXEC | (isFolder ? O_DIRECTORY : 0))
        guard file >= 0 else { throw problem("sync", path) }
        defer { close(file) }
        // Of a file its bytes and its length; when it was changed may be lost.
        guard (isFolder ? fsync(file) : fdatasync(file)) == 0 else { throw problem("sync", path) }
    }

    /// None where the folder is missing.
    static func names(in path: String) throws(LedgerProblem) -> [(name: String, isFolder: Bool)] {
        guard let folder = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw problem("list", path)
        }
        defer { closedir(folder) }
        var names: [(name: String, isFolder: Bool)] = []
        while let entry = Glibc.readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(cString: $0.assumingMemoryBound(to: CChar.self).baseAddress!)
            }
            guard name != ".", name != ".." else { continue }
            var facts = stat()
            guard lstat("\(path)/\(name)", &facts) == 0 else { continue }
            names.append((name, facts.st_mode & S_IFMT == S_IFDIR))
        }
        return names
    }
}
