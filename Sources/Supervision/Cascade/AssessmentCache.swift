import Conversation
import Crypto

/// The assessments of texts that were judged lately, within a bound of memory.
/// A pure value: no clock, no lock.
///
/// Two generations: what is used moves to the younger one, and when that has
/// half of the memory, the older one is dropped. So nothing that is used in
/// every turn of a conversation is forgotten before all that is not.
package struct AssessmentCache: Sendable {
    private var young: [WindowKey: Assessment] = [:]
    private var old: [WindowKey: Assessment] = [:]
    private var youngBytes = 0
    private let half: Int

    /// The bytes of a key with its share of the table.
    private static let bytesPerKey = 64

    /// - Parameter bytes: The most that it may take.
    package init(bytes: Int) { half = bytes / 2 }

    package var count: Int { young.count + old.count }

    /// The assessment of a key, which then counts as used.
    package mutating func assessment(of key: WindowKey) -> Assessment? {
        if let known = young[key] { return known }
        guard let known = old.removeValue(forKey: key) else { return nil }
        remember(key, known)
        return known
    }

    /// Remembers an assessment; one that is larger than a generation isn't kept.
    package mutating func remember(_ key: WindowKey, _ assessment: Assessment) {
        let bytes = assessment.bytes + Self.bytesPerKey
        guard !assessment.isBroken, bytes <= half, young[key] == nil else { return }
        if youngBytes + bytes > half {
            old = young
            young = [:]
            youngBytes = 0
        }
        young[key] = assessment
        youngBytes += bytes
    }
}

/// Makes the keys of pieces of text of one tenant under one policy.
package struct AssessmentKeys: Sendable {
    private let begun: HMAC<SHA256>

    fileprivate init(_ begun: HMAC<SHA256>) { self.begun = begun }

    package func key(of piece: AssessedText) -> WindowKey {
        var bytes: [UInt8] = []
        let scope = piece.scope.rawValue.utf8
        bytes.reserveCapacity(32 + scope.count + piece.text.utf8.count)
        withUnsafeBytes(of: piece.after) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: piece.share) { bytes.append(contentsOf: $0) }
        bytes += [piece.isWhole ? 1 : 0, piece.windows.rawValue, UInt8(truncatingIfNeeded: scope.count)]
        bytes += scope
        // Nothing stands behind it, so its length needn't be said.
        bytes += piece.text.utf8
        var hmac = begun
        hmac.update(data: bytes)
        return WindowKey(hmac.finalize())
    }
}

extension WindowKeyMaker {
    /// The keys of one tenant's texts under one policy.
    package func keys(of tenant: String, under policy: PolicyDigest) -> AssessmentKeys {
        AssessmentKeys(begin([tenant, policy.text]))
    }
}
