package import Crypto
import Gateway

/// The session and the agents that a caller named, as the ledger has them.
package struct MarkDigests: Sendable {
    package var session: SHA256Digest?
    package var agent: SHA256Digest?
    package var parent: SHA256Digest?
}

extension Salter {
    /// Returns the digests of a request's session and agents; nil where it names
    /// none.
    ///
    /// The salt is the key's, and not the request's: all requests of a session
    /// have the same digest, so that they can be added up, and those of another
    /// key never have it.
    func marks(_ record: RequestRecord) -> MarkDigests? {
        let marks = record.marks
        guard marks.session != nil || marks.agent != nil || marks.parent != nil else { return nil }
        let salt = salt(record.keyID)
        func digest(_ mark: String?) -> SHA256Digest? {
            guard var mark else { return nil }
            var hasher = SHA256()
            withUnsafeBytes(of: salt) { hasher.update(bufferPointer: $0) }
            mark.withUTF8 { hasher.update(bufferPointer: UnsafeRawBufferPointer($0)) }
            return hasher.finalize()
        }
        return MarkDigests(session: digest(marks.session), agent: digest(marks.agent), parent: digest(marks.parent))
    }
}
