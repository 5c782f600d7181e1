import Crypto
import Encodings
import Signing

/// The hashes that manifests name (OpenSSF Model Signing 1.0, algorithm
/// registry). BLAKE3, which is optional there, is not taken.
package enum DigestAlgorithm: String, Sendable, Hashable {
    case sha256
    case blake2b

    /// The size of a digest, in bytes.
    package var size: Int {
        switch self {
        case .sha256: SHA256.byteCount
        case .blake2b: BLAKE2b.size
        }
    }

    /// - Parameter what: the use of the algorithm, for the message.
    init(named name: String, _ what: String) throws(SigningProblem) {
        guard let known = DigestAlgorithm(rawValue: name) else {
            throw .unsupported(
                "\(what) is \(Printable.quoted(name))",
                remedy: "have the model signed with sha256, the one that all know")
        }
        self = known
    }
}

/// A hash of bytes that come one piece after another.
package struct StreamingDigest {
    private enum State {
        case sha256(SHA256)
        case blake2b(BLAKE2b)
    }

    private var state: State

    package init(_ algorithm: DigestAlgorithm) {
        state =
            switch algorithm {
            case .sha256: .sha256(SHA256())
            case .blake2b: .blake2b(BLAKE2b())
            }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .sha256(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .blake2b(var hash):
            hash.update(bytes)
            state = .blake2b(hash)
        }
    }

    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// Returns the digest of all data so far, and ends the use of this value.
    package consuming func finish() -> [UInt8] {
        switch state {
        case .sha256(let hash): return Array(hash.finalize())
        case .blake2b(var hash): return hash.finish()
        }
    }

    package static func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
}
