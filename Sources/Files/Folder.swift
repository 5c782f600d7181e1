package import Glibc
import SystemPackage

/// Folders: made, synced, listed.
package enum Folder {
    /// The folder that contains the last part of a path.
    package static func above(_ path: String) -> String {
        let above = FilePath(path).removingLastComponent().string
        return above.isEmpty ? "." : above
    }

    /// A path from the root on; a relative one starts at the working folder.
    package static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let current = getcwd(nil, 0) else { return "/" + path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }

    /// Makes a folder and those above it, durably. No error where it is there
    /// already.
    ///
    /// - Parameters:
    ///   - mode: of the folder itself.
    ///   - parents: of those above it that are missing.
    package static func make(
        _ path: String, mode: mode_t = 0o700, parents: mode_t = 0o700
    ) throws(FileFault) {
        if try makeOne(path, mode) { return }
        try make(above(path), mode: parents, parents: parents)
        guard try makeOne(path, mode) else { throw FileFault(.create, path, errno: ENOENT) }
    }

    /// Makes a folder and those above it (0755), durably. One that wasn't there
    /// belongs to the owner of the folder above it, also where root makes it.
    package static func makeForItsUser(_ path: String, mode: mode_t = 0o700) throws(FileFault) {
        let isNew = FileKind.at(path, links: .followed) == nil
        try make(path, mode: mode, parents: 0o755)
        guard isNew else { return }
        let folder = uninterrupted { open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        guard folder >= 0 else { return }
        defer { close(folder) }
        Inheritance.give(folder, in: above(path))
    }

    /// - Returns: false where the folder above it is missing.
    private static func makeOne(_ path: String, _ mode: mode_t) throws(FileFault) -> Bool {
        if mkdir(path, mode) == 0 {
            try sync(above(path))
            return true
        }
        switch errno {
        case EEXIST:
            var facts = stat()
            guard stat(path, &facts) == 0 else { throw FileFault(.create, path) }
            guard FileKind(mode: facts.st_mode) == .folder else { throw FileFault(.create, path, errno: ENOTDIR) }
            return true
        case ENOENT where !path.isEmpty && path != "." && path != "/": return false
        default: throw FileFault(.create, path)
        }
    }

    /// Makes the names in a folder durable.
    package static func sync(_ path: String) throws(FileFault) {
        let folder = uninterrupted { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard folder >= 0 else { throw FileFault(.sync, path) }
        defer { close(folder) }
        guard uninterrupted({ fsync(folder) }) == 0 else { throw FileFault(.sync, path) }
    }

    /// The entries of a folder, links not followed; nil where there is no folder.
    package static func entries(_ path: String) throws(FileFault) -> [(name: String, kind: FileKind)]? {
        guard let folder = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileFault(.list, path)
        }
        defer { closedir(folder) }
        var entries: [(name: String, kind: FileKind)] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            var facts = stat()
            guard lstat("\(path)/\(name)", &facts) == 0 else { continue }
            entries.append((name, FileKind(mode: facts.st_mode)))
        }
        guard errno == 0 else { throw FileFault(.list, path) }
        return entries
    }
}
