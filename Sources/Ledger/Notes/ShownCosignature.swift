import Encodings

/// A witness's signature as an auditor is shown it.
package struct ShownCosignature: Sendable, Hashable {
    package var witness: String
    /// Seconds since 1970, as the witness signed them.
    package var time: UInt64
    /// True if the policy contains the witness's key and the signature was verified with it.
    package var isVerified: Bool
}

extension ShownCosignature: CustomStringConvertible {
    /// `witness.example at 2026-06-12T10:00:00Z`
    package var description: String {
        let when = Int(exactly: time).map { Timestamp.text(seconds: $0) } ?? "an impossible time"
        return "\(witness) at \(when)" + (isVerified ? "" : ", not checked: no key of it was given")
    }
}

extension VerifiedCheckpoint {
    /// The witnesses' signatures, in the note's order. Signatures of witnesses that the policy doesn't name are
    /// included, marked as not verified.
    package var cosignatures: [ShownCosignature] {
        note.signatures.compactMap { signature in
            guard let time = signature.time else { return nil }
            let isVerified = witnesses.contains { $0.name == signature.name && $0.id == signature.id }
            return ShownCosignature(witness: signature.name, time: time, isVerified: isVerified)
        }
    }
}
