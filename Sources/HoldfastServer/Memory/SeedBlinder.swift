import Crypto
package import NIOCore

/// The source of the seeds that hosted engines get: the same request always has the same seed, also after a restart,
/// and a caller can neither choose nor guess it.
package struct SeedBlinder: Sendable {
    static let bytes = 32
    private let key: SymmetricKey

    init(secret: [UInt8]) { key = SymmetricKey(data: secret) }

    /// A fresh secret, for where there is none yet.
    static func makeSecret() -> [UInt8] { SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) } }

    package func seed(for request: ByteBuffer) -> UInt32 {
        var code = HMAC<SHA256>(key: key)
        request.withUnsafeReadableBytes { code.update(data: $0) }
        return code.finalize().withUnsafeBytes { UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self)) }
    }
}
