import Crypto
import Encodings
package import NIOCore

/// The part of a signature that covers the body.
package enum SigV4Payload: Sendable, Hashable {
    /// The SHA-256 of the body, in small hexadecimal digits.
    case hash(String)
    /// `UNSIGNED-PAYLOAD`: the body is not covered.
    case unsigned

    package static func hash(of body: ByteBuffer) -> SigV4Payload {
        var hash = SigV4PayloadHash()
        hash.update(body)
        return hash.finish()
    }

    /// The payload of a request without a body.
    package static let empty = SigV4Payload.hash(of: ByteBuffer())

    static let unsignedWord = "UNSIGNED-PAYLOAD"

    /// The last line of a canonical request.
    var text: String {
        switch self {
        case .hash(let hash): hash
        case .unsigned: Self.unsignedWord
        }
    }
}

/// The hash of a body that arrives in pieces.
package struct SigV4PayloadHash: Sendable {
    private var hash = SHA256()

    package init() {}

    package mutating func update(_ piece: ByteBuffer) {
        piece.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
    }

    package func finish() -> SigV4Payload { .hash(Hex.encode(hash.finalize())) }
}
