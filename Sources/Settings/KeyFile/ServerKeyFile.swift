package import Access
import Encodings
package import Files
import Glibc

/// The file of the server's key: a line for each version, with its number and
/// 32 random bytes in base 64.
///
/// It stands apart from the key file, since each of the two is worthless
/// without the other, and in a file and not in the database, because
/// `holdfast keys create --sigv4` reads it while the server runs. Only its
/// owner may read it. ``KeyFile`` changes it, under its own lock.
package struct ServerKeyFile: Sendable {
    package let path: String

    /// Names the file; neither opens it nor makes it.
    package init(path: String) { self.path = path }

    /// The file that a key file's signing keys need where nothing else is
    /// said: `server-key` in the same folder.
    package init(besideKeyFile path: String) { self.path = folder(of: path) + "/server-key" }

    private static let longest = 64 << 10
    private static let introduction = """
        # The server key of a Holdfast, in its versions: the secrets of SigV4 keys are made from it. Keep it
        # secret, and keep a copy of it. `holdfast keys rotate-server-key` begins a new version.

        """

    /// The keys of the file; nil where there is no file.
    package func read() throws(ServerKeyFault) -> ServerKeys? {
        let path = path
        let bytes: [UInt8]
        let mode: mode_t
        do throws(FileFault) {
            (bytes, mode) = try Patience.run(.read, path, within: WholeFile.patience) { () throws(FileFault) in
                let file = try RegularFile(path)
                var facts = stat()
                guard file.withDescriptor({ fstat($0, &facts) }) == 0 else { throw FileFault(.read, path) }
                return (try file.readAll(limit: Self.longest), facts.st_mode)
            }
        } catch {
            if error.isMissing { return nil }
            throw .file(error)
        }
        guard mode & 0o077 == 0 else { throw .exposed(path: path, mode: String(mode & 0o777, radix: 8)) }
        return ServerKeys(try versions(bytes))
    }

    private func versions(_ bytes: [UInt8]) throws(ServerKeyFault) -> [Int: [UInt8]] {
        var keys: [Int: [UInt8]] = [:]
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
            // No word of the line: it may be a part of a key.
            let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard words.count == 2, let version = Int(String(decoding: words[0], as: UTF8.self)), version > 0,
                version < 1_000_000, let key = Base64.decode(String(decoding: words[1], as: UTF8.self)),
                key.count == ServerKeys.length
            else {
                throw .malformed(path: path, line: index + 1)
            }
            guard keys.updateValue(key, forKey: version) == nil else { throw .repeated(path: path, line: index + 1) }
        }
        return keys
    }

    /// Replaces the file.
    func write(_ keys: ServerKeys) throws(ServerKeyFault) {
        var text = Self.introduction
        for version in keys.versions {
            guard let key = keys.bytes(of: version) else { continue }
            text += "\(version) \(Base64.encode(key))\n"
        }
        do throws(FileFault) {
            try Folder.make(folder(of: path))
            try WholeFile.replaceDurably(path, with: Array(text.utf8), mode: 0o600)
        } catch {
            throw .file(error)
        }
    }
}

/// The reason why the server's key could not be read or changed.
package enum ServerKeyFault: Error, Sendable, Hashable {
    /// The system would not let us.
    case file(FileFault)
    /// Others than its owner can read it.
    case exposed(path: String, mode: String)
    /// A line is no version with its key.
    case malformed(path: String, line: Int)
    /// A line has a version once more.
    case repeated(path: String, line: Int)
    /// There is no file, and keys that count need it.
    case gone(path: String, ids: [String])
}

extension ServerKeyFault: CustomStringConvertible {
    /// For people; never a part of the file.
    package var description: String {
        switch self {
        case .file(let fault): fault.description
        case .exposed(let path, let mode):
            "\(path) can be read by others than its owner (mode \(mode)), and is the server's key: "
                + "`chmod 600 \(path)`, and if others may have read it, `holdfast keys rotate-server-key`"
        case .malformed(let path, let line):
            "\(path):\(line): a line must be the number of a version, a space, and 32 bytes in base 64; "
                + "put back the copy that you keep"
        case .repeated(let path, let line):
            "\(path):\(line): the version is there before; remove the wrong one of the two"
        case .gone(let path, let ids):
            "\(path) is gone, and the secrets of these keys are made from it: \(ids.joined(separator: ", ")); "
                + "put it back, or revoke them first"
        }
    }
}
