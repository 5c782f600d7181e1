import Crypto
import Encodings

/// The marks by which a Holdfast knows its own: the entries of its record, and
/// the statements that are for it and for no other.
package struct VetoIdentity: Sendable {
    /// Nil where entries are taken as they are, by those who only look.
    package var key: VetoRecordKey?
    /// The names of this installation; empty where nothing can be compared,
    /// since no ledger is kept.
    package var installations: [String]

    package init(key: VetoRecordKey? = nil, installations: [String] = []) {
        self.key = key
        self.installations = installations
    }

    /// - Parameter log: the verifier key of the ledger's log (C2SP vkey); nil
    ///   where no ledger is kept.
    package init(key: VetoRecordKey, log: String?) {
        // A roster that was made before there was a ledger has the key's name.
        self.init(key: key, installations: log.map { [Self.installation(ofLog: $0), key.installation] } ?? [])
    }

    /// Returns the name of an installation with a ledger: SHA-256 of its log's
    /// verifier key, in hexadecimal digits.
    package static func installation(ofLog vkey: String) -> String {
        Hex.encode(SHA256.hash(data: Array(vkey.utf8)))
    }

    /// True where the record's seal is this server's.
    func isOwn(_ record: VetoRecord) -> Bool { key.map { record.isSealed(by: $0) } ?? true }

    /// True where a statement, or a roster, names this installation.
    package func isOwn(installation: String) -> Bool {
        installations.isEmpty || installations.contains(installation)
    }
}
