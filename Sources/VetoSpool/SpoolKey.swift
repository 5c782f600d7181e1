import Encodings
package import Files
import Glibc

/// The secret of the server that keeps a spool, in a file beside the spool's
/// folder: by it the server knows the entries of its own record again.
///
/// `veto.key`, for the server's user alone: 64 hexadecimal digits and a line
/// feed. It is made once and never changed.
package struct SpoolKey: Sendable, Hashable {
    /// 32 bytes.
    package let secret: [UInt8]

    private static let length = 32

    package init(secret: [UInt8]) { self.secret = secret }

    /// A new one that is kept nowhere, from the system's source of randomness.
    package static func ephemeral() -> SpoolKey {
        var random = SystemRandomNumberGenerator()
        return SpoolKey(secret: (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    /// Reads the key of a spool.
    /// - Returns: nil where there is none.
    /// - Throws: ``SpoolFault/file(_:)`` where it can't be read,
    ///   ``SpoolFault/badKey(_:)`` where it is damaged.
    package static func load(_ folder: SpoolFolder) throws(SpoolFault) -> SpoolKey? {
        let bytes: [UInt8]
        do throws(FileFault) {
            bytes = try RegularFile(folder.keyPath, links: .refused).readAll(limit: 256)
        } catch {
            if error.code == ENOENT { return nil }
            throw .file(error)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.last == "\n", let secret = Hex.decode(String(text.dropLast())), secret.count == length else {
            throw .badKey(folder.keyPath)
        }
        return SpoolKey(secret: secret)
    }

    /// Reads the key of a spool; makes it, durably, where there is none.
    package static func loadOrMake(_ folder: SpoolFolder) throws(SpoolFault) -> SpoolKey {
        if let known = try load(folder) { return known }
        let made = ephemeral()
        do throws(FileFault) {
            try Folder.makeForItsUser(Folder.above(folder.path), mode: 0o755)
            try WholeFile.createDurably(folder.keyPath, with: Array("\(Hex.encode(made.secret))\n".utf8))
        } catch {
            // Another process was faster.
            if error.code == EEXIST, let known = try load(folder) { return known }
            throw .file(error)
        }
        return made
    }
}
