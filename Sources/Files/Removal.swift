import Glibc

extension Folder {
    /// Removes a folder with all that is in it, or a file. No link is followed,
    /// also where somebody puts one in the place of a folder at this moment.
    ///
    /// Not durable: for what is made anew, or is of no use any more. No error
    /// where there is nothing.
    package static func removeAll(_ path: String) throws(FileFault) {
        try remove(Array(path.utf8CString), in: AT_FDCWD, path)
    }

    /// - Parameter descriptor: the folder's; closed here.
    private static func empty(_ descriptor: Int32, _ path: String) throws(FileFault) {
        guard let folder = fdopendir(descriptor) else {
            let fault = FileFault(.remove, path)
            close(descriptor)
            throw fault
        }
        defer { closedir(folder) }
        while true {
            errno = 0
            guard let entry = readdir(folder) else { break }
            // As bytes: a name need not be UTF-8.
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name == [0x2E] || name == [0x2E, 0x2E] { continue }
            try remove(name.map(CChar.init(bitPattern:)) + [0], in: descriptor, path)
        }
        guard errno == 0 else { throw FileFault(.remove, path) }
    }

    /// - Parameter folder: the open folder that the name is in.
    private static func remove(_ name: [CChar], in folder: Int32, _ path: String) throws(FileFault) {
        if unlinkat(folder, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR else { throw FileFault(.remove, path) }
        let below = uninterrupted { openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        guard below >= 0 else { throw FileFault(.remove, path) }
        try empty(below, path)
        guard unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT else { throw FileFault(.remove, path) }
    }
}
