import AWSSigning
import Crypto

/// The part of a signing key that its record keeps: with the server's key, and
/// only with it, the secret can be made again.
package struct SigningSeed: Sendable, Hashable {
    /// Random, of the key's own.
    package var salt: [UInt8]
    /// The version of the server's key.
    package var version: Int

    package static let saltLength = 16

    package init(salt: [UInt8], version: Int) {
        self.salt = salt
        self.version = version
    }
}

/// The server's key in all its versions, from which the secrets of signing keys
/// are made.
///
/// Only the secret itself can check a signature, so the digest that is kept of
/// other keys would not do. No file holds the secret, either: ``InboundSecret``
/// derives it from the server's key, the record's salt and the key's id. A copy
/// of the key file alone signs nothing, and neither does one of the server's key.
package struct ServerKeys: Sendable, Equatable {
    package static let length = 32
    private var keys: [Int: SymmetricKey]

    package init() { keys = [:] }

    /// - Parameter keys: By version; each has ``length`` bytes.
    package init(_ keys: [Int: [UInt8]]) { self.keys = keys.mapValues { SymmetricKey(data: $0) } }

    package var versions: [Int] { keys.keys.sorted() }

    /// The version with which new keys are made; nil where there is none.
    package var newest: Int? { keys.keys.max() }

    /// Returns the secret of a signing key, as its owner holds it; nil where the
    /// version that it was made with is missing.
    package func secret(of id: String, _ seed: SigningSeed) -> String? {
        bytes(of: seed.version).map { InboundSecret.derive(serverKey: $0, salt: seed.salt, id: id) }
    }

    /// The bytes of a version, for the file that keeps them.
    package func bytes(of version: Int) -> [UInt8]? { keys[version]?.withUnsafeBytes { Array($0) } }

    /// Adds a version with a new key from the system's chance.
    /// - Parameter version: The newest version that was ever used.
    package mutating func begin(after version: Int) {
        keys[max(newest ?? 0, version) + 1] = SymmetricKey(size: SymmetricKeySize(bitCount: Self.length * 8))
    }

    /// Removes the versions of which no key is made any more.
    package mutating func keep(_ versions: Set<Int>) { keys = keys.filter { versions.contains($0.key) } }
}

extension ServerKeys: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The versions, without a key.
    package var description: String { "server keys \(versions)" }
    /// The same as `description`.
    package var debugDescription: String { description }
    /// No children: `dump` walks mirrors, and so do test frameworks.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
