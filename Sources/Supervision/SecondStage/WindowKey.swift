import Conversation
package import Crypto

/// The identity of a window, or of another piece of text, under one policy and one tenant: a keyed hash, so
/// that neither the cache's content nor the time of an answer tells anything
/// about texts of another tenant.
package struct WindowKey: Sendable, Hashable {
    private let first: UInt64
    private let second: UInt64

    /// - Parameter digest: 16 bytes or more, of which the first 16 count.
    package init(_ digest: UnsafeRawBufferPointer) {
        first = UInt64(bigEndian: digest.loadUnaligned(as: UInt64.self))
        second = UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// The same of so many places for equal keys, and any for others.
    package func place(among count: Int) -> Int { Int(first % UInt64(max(1, count))) }
}

/// Makes the keys of windows with a secret of this process
/// (``KeyedHash``).
package struct WindowKeyMaker: Sendable {
    private let fresh: KeyedHash

    /// - Parameter secret: A new random one by default.
    package init(secret: SymmetricKey = SymmetricKey(size: .bits256)) { fresh = KeyedHash(secret: secret) }

    package func key(of window: RankedWindow, for asker: SecondStageAsker) -> WindowKey {
        begin([asker.tenant, asker.policy.text, window.scope.rawValue, window.text]).finish()
    }

    /// A keyed hash that has read some texts.
    func begin(_ parts: [String]) -> KeyedHash {
        var hash = fresh
        for part in parts {
            // With its length in front, no part can pass for the end of
            // another.
            withUnsafeBytes(of: UInt64(part.utf8.count).bigEndian) { hash.update($0) }
            var part = part
            part.withUTF8 { hash.update(UnsafeRawBufferPointer($0)) }
        }
        return hash
    }
}
