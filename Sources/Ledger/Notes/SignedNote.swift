import Encodings

/// A text and who signed it (C2SP signed-note).
package struct SignedNote: Sendable, Hashable {
    package struct Signature: Sendable, Hashable {
        package var name: String
        package var id: UInt32
        /// The signature's bytes after the key's id.
        package var bytes: [UInt8]

        /// The signature as a line of the note, including the line feed.
        var line: String {
            let id = withUnsafeBytes(of: id.bigEndian) { Array($0) }
            return "— \(name) \(Base64.encode(id + bytes))\n"
        }
    }

    /// Ends with a line feed.
    package let text: String
    package private(set) var signatures: [Signature]

    /// Creates a note without signatures.
    package init(text: String) {
        self.text = text
        signatures = []
    }

    /// More than any note of ours holds; more than 16, as the format asks.
    static let mostSignatures = 64

    /// - Throws: ``LedgerProblem`` where it is no signed note.
    package init(_ bytes: [UInt8]) throws(LedgerProblem) {
        guard let note = String(validating: bytes, as: UTF8.self),
            !bytes.contains(where: { $0 < 0x20 && $0 != 0x0A })
        else { throw LedgerProblem("the note is not UTF-8 text without control characters") }
        let lines = note.split(separator: "\n", omittingEmptySubsequences: false)
        guard let blank = lines.dropLast().lastIndex(of: ""), lines.last == "" else {
            throw LedgerProblem("the note has no signatures")
        }
        text = lines[..<blank].map { $0 + "\n" }.joined()
        signatures = []
        for line in lines[(blank + 1)...].dropLast() {
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == "—", VerifierKey.isName(String(parts[1])),
                let decoded = Base64.decode(parts[2]), decoded.count > 4
            else { throw LedgerProblem("a signature line of the note is malformed") }
            signatures.append(
                Signature(
                    name: String(parts[1]), id: decoded[..<4].reduce(0) { $0 << 8 | UInt32($1) },
                    bytes: Array(decoded[4...])))
        }
        guard !text.isEmpty, (1...Self.mostSignatures).contains(signatures.count) else {
            throw LedgerProblem("the note has no text, no signatures or too many")
        }
    }

    package var bytes: [UInt8] { Array((text + "\n" + signatures.map(\.line).joined()).utf8) }

    /// - Parameter time: seconds since 1970.
    package mutating func sign(_ key: SignerKey, time: UInt64) throws(LedgerProblem) {
        signatures.append(
            Signature(name: key.verifier.name, id: key.verifier.id, bytes: try key.sign(text, time: time)))
    }

    /// Adds what others have signed of the same text. Of two signatures of one
    /// key the one with the later time stays.
    package mutating func add(_ others: [Signature]) {
        for other in others {
            if let place = signatures.firstIndex(where: { $0.name == other.name && $0.id == other.id }) {
                if let time = other.time, time > signatures[place].time ?? .max { signatures[place] = other }
            } else if signatures.count < Self.mostSignatures {
                signatures.append(other)
            }
        }
    }

    /// Without the signatures of anybody else.
    func keeping(_ keys: [VerifierKey]) -> SignedNote {
        var note = self
        note.signatures.removeAll { signature in
            !keys.contains { $0.name == signature.name && $0.id == signature.id }
        }
        return note
    }

    /// Returns those of the keys that have signed the note.
    /// - Throws: ``LedgerProblem`` if a signature names one of these keys but was not made with it; the whole note is
    ///   refused then.
    package func signers(among keys: [VerifierKey]) throws(LedgerProblem) -> [VerifierKey] {
        var signers: [VerifierKey] = []
        for key in keys {
            for signature in signatures where signature.name == key.name && signature.id == key.id {
                guard isValid(signature, by: key) else {
                    throw LedgerProblem("the signature of \(key.name) does not verify")
                }
                if !signers.contains(key) { signers.append(key) }
            }
        }
        return signers
    }

    private func isValid(_ signature: Signature, by key: VerifierKey) -> Bool {
        switch key.kind {
        case .note: return signature.bytes.count == 64 && key.isValid(signature.bytes, of: Array(text.utf8))
        case .cosignature:
            guard signature.bytes.count == 72, let time = signature.time, time <= UInt64(Int64.max) else {
                return false
            }
            return key.isValid(signature.bytes[8...], of: Cosignature.message(text, time: time))
        }
    }
}

extension SignedNote.Signature {
    /// A cosignature's, in seconds since 1970.
    package var time: UInt64? {
        bytes.count == 72 ? bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) } : nil
    }
}

/// The reason why a ledger, or a part of one, is refused. The description is a part of a sentence for people, without a
/// full stop.
package struct LedgerProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// Kinds that an auditor must tell apart: the second is no evidence of
    /// anything.
    package enum Kind: Sendable, Hashable {
        /// The ledger contradicts itself, its signatures or the policy.
        case contradiction
        /// Nothing was read, or it is not what was asked about: a wrong path,
        /// a disk or a server that fails, another log's key.
        case unreadable
    }

    package var description: String
    package var kind: Kind

    package init(_ description: String, kind: Kind = .contradiction) {
        self.description = description
        self.kind = kind
    }
}
