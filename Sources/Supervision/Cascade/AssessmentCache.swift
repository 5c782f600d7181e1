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

extension WindowKeyMaker {
    /// The key of a piece of text under one policy and of one tenant.
    package func key(of piece: AssessedText, tenant: String, policy: PolicyDigest) -> WindowKey {
        var form = [UInt8](repeating: 0, count: 18)
        form.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: piece.after, toByteOffset: 0, as: Int.self)
            bytes.storeBytes(of: piece.share, toByteOffset: 8, as: Double.self)
            bytes[16] = piece.isWhole ? 1 : 0
            bytes[17] = piece.windows.rawValue
        }
        return key(of: form, [tenant, policy.text, piece.scope.rawValue, piece.text])
    }
}
