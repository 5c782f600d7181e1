import Encodings
import Files
import Glibc
package import Signing
package import WeightSigning

/// A model's files in a folder, or a model that is one file. This type is for signing files and for inspecting signed
/// files; to load a model, a sealed copy is read instead.
///
/// Below the folder no link is followed. Links in the path to the folder are followed, since the user who named the
/// path is responsible for them.
package struct ModelOnDisk: ModelFiles {
    /// The number of bytes that are read at a time.
    private static let chunk = 1 << 20

    package let path: String
    /// True if the model is a single file, and false if it is a folder of files.
    package let isFile: Bool
    /// The folder's or the file's own.
    package let name: String

    /// - Throws: ``SigningProblem`` where it is neither a folder nor a regular
    ///   file.
    package init(_ path: String) throws(SigningProblem) {
        var facts = stat()
        guard let resolved = Self.resolved(path), stat(resolved, &facts) == 0 else {
            throw .unreadable("\(path.printable) can't be read: \(String(cString: strerror(errno)))")
        }
        switch facts.st_mode & S_IFMT {
        case S_IFREG: isFile = true
        case S_IFDIR: isFile = false
        default: throw .unreadable("\(path.printable) is neither a folder nor a regular file")
        }
        self.path = resolved
        // A file's name is part of what is signed; a link to it has its own.
        let named = isFile ? path : resolved
        name = String(named[(named.lastIndex(of: "/").map { named.index(after: $0) } ?? named.startIndex)...])
    }

    package static func resolved(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }

    /// Returns the path of a file relative to the folder; nil if the file is not inside the folder.
    package func place(of file: String) -> ModelPath? {
        guard !isFile else { return nil }
        let slash = file.lastIndex(of: "/")
        let folder = slash.map { String(file[..<$0]) } ?? "."
        guard let resolved = Self.resolved(folder.isEmpty ? "/" : folder) else { return nil }
        let whole = resolved + "/" + (slash.map { String(file[file.index(after: $0)...]) } ?? file)
        guard whole.hasPrefix(path + "/") else { return nil }
        return ModelPath(whole.dropFirst(path.count + 1))
    }

    // MARK: ModelFiles

    package func list() throws(SigningProblem) -> [ModelEntry] {
        guard !isFile else {
            guard let own = ModelPath(name) else { throw .unreadable("\(name.printable) is no file's name") }
            return [ModelEntry(own, .file)]
        }
        var entries: [ModelEntry] = []
        let top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard top >= 0 else { throw Self.problem(path) }
        try Self.list(top, [], &entries)
        return entries
    }

    /// - Parameter descriptor: the folder's; closed here.
    private static func list(
        _ descriptor: Int32, _ above: [UInt8], _ entries: inout [ModelEntry]
    ) throws(SigningProblem) {
        guard let folder = fdopendir(descriptor) else {
            close(descriptor)
            throw problem(String(decoding: above, as: UTF8.self))
        }
        defer { closedir(folder) }
        while true {
            errno = 0
            guard let entry = readdir(folder) else { break }
            // As bytes: a name needn't be UTF-8, and must be told apart then.
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name == [0x2E] || name == [0x2E, 0x2E] { continue }
            guard let path = ModelPath(above + name) else {
                throw .unreadable("a path below the model's folder is too long")
            }
            var facts = stat()
            guard fstatat(descriptor, name.map(CChar.init(bitPattern:)) + [0], &facts, AT_SYMLINK_NOFOLLOW) == 0 else {
                throw problem("\(path)")
            }
            switch facts.st_mode & S_IFMT {
            case S_IFREG: entries.append(ModelEntry(path, .file))
            case S_IFLNK: entries.append(ModelEntry(path, .link))
            case S_IFDIR:
                let below = try opened(name, in: descriptor, O_DIRECTORY, "\(path)")
                try list(below, path.bytes + [UInt8(ascii: "/")], &entries)
            default: entries.append(ModelEntry(path, .other))
            }
        }
        guard errno == 0 else { throw problem(String(decoding: above, as: UTF8.self)) }
    }

    package func read(
        _ path: ModelPath, _ take: (UnsafeRawBufferPointer) throws(SigningProblem) -> Void
    ) throws(SigningProblem) {
        let file = try isFile ? Self.file(self.path) : regular(path)
        _ = file.withDescriptor { posix_fadvise($0, 0, 0, POSIX_FADV_SEQUENTIAL) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count: Int
            do throws(FileFault) { count = try file.read(into: buffer) } catch { throw SigningProblem(error) }
            guard count > 0 else { return }
            try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private static func file(_ path: String) throws(SigningProblem) -> RegularFile {
        do throws(FileFault) { return try RegularFile(path) } catch { throw SigningProblem(error) }
    }

    /// Step by step, so that no link is followed on the way.
    private func regular(_ path: ModelPath) throws(SigningProblem) -> RegularFile {
        var descriptor = open(self.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.problem(self.path) }
        let parts = path.parts
        for (index, part) in parts.enumerated() {
            let above = descriptor
            defer { close(above) }
            let isLast = index == parts.count - 1
            descriptor = try Self.opened(Array(part), in: above, isLast ? O_NONBLOCK : O_DIRECTORY, "\(path)")
        }
        do throws(FileFault) {
            return try RegularFile(taking: descriptor, "\(path)", for: .read)
        } catch {
            throw .unreadable("\(path) is no longer what it was: \(error.reason)")
        }
    }

    private static func opened(
        _ name: [UInt8], in folder: Int32, _ flags: Int32, _ what: String
    ) throws(SigningProblem) -> Int32 {
        let name = name.map(CChar.init(bitPattern:)) + [0]
        let descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags)
        guard descriptor >= 0 else { throw problem(what) }
        return descriptor
    }

    private static func problem(_ what: String) -> SigningProblem {
        .unreadable("\(what.printable) can't be read: \(String(cString: strerror(errno)))")
    }
}
