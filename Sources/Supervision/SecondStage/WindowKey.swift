import Conversation
package import Crypto

/// The identity of a window, or of another piece of text, under one policy and one tenant: a keyed hash, so
/// that neither the cache's content nor the time of an answer tells anything
/// about texts of another tenant.
package struct WindowKey: Sendable, Hashable {
    private let first: UInt64
    private let second: UInt64

    init(_ digest: some Sequence<UInt8>) {
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in digest.prefix(16).enumerated() {
            if index < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
        }
        (first, second) = words
    }

    /// The same of so many places for equal keys, and any for others.
    package func place(among count: Int) -> Int { Int(first % UInt64(max(1, count))) }
}

/// Makes the keys of windows with a secret of this process: HMAC-SHA256
/// (RFC 2104), cut to 128 bits.
package struct WindowKeyMaker: Sendable {
    private let secret: SymmetricKey

    /// - Parameter secret: A new random one by default.
    package init(secret: SymmetricKey = SymmetricKey(size: .bits256)) { self.secret = secret }

    package func key(of window: RankedWindow, for asker: SecondStageAsker) -> WindowKey {
        WindowKey(begin([asker.tenant, asker.policy.text, window.scope.rawValue, window.text]).finalize())
    }

    /// A keyed hash that has read some texts.
    func begin(_ parts: [String]) -> HMAC<SHA256> {
        var hmac = HMAC<SHA256>(key: secret)
        for part in parts {
            // With its length in front, no part can pass for the end of
            // another.
            withUnsafeBytes(of: UInt64(part.utf8.count).bigEndian) { hmac.update(data: $0) }
            var part = part
            part.withUTF8 { hmac.update(data: UnsafeRawBufferPointer($0)) }
        }
        return hmac
    }
}
