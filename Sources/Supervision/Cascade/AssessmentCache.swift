import Conversation

/// The assessments of texts that were judged lately, within a bound of memory.
package struct AssessmentCache: Sendable {
    private var kept: TwoGenerations<Assessment>

    /// - Parameter bytes: The most that it may take.
    package init(bytes: Int) { kept = TwoGenerations(bytes: bytes) }

    package var count: Int { kept.count }

    /// The assessment of a key, which then counts as used.
    package mutating func assessment(of key: WindowKey) -> Assessment? { kept.value(of: key) }

    /// Remembers an assessment; one that is larger than a generation isn't kept.
    package mutating func remember(_ key: WindowKey, _ assessment: Assessment) {
        guard !assessment.isBroken else { return }
        kept.remember(key, assessment, bytes: assessment.bytes)
    }
}

/// Makes the keys of pieces of text of one tenant under one policy.
package struct AssessmentKeys: Sendable {
    private let begun: KeyedHash

    fileprivate init(_ begun: KeyedHash) { self.begun = begun }

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
        var hash = begun
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.finish()
    }

    /// The key of a whole request or answer.
    /// - Parameters:
    ///   - parts: The text's kind, and all else that says how it is read.
    ///   - bytes: The text.
    package func key(ofWhole parts: [String], _ bytes: UnsafeRawBufferPointer) -> WindowKey {
        var head: [UInt8] = []
        head.reserveCapacity(128)
        // No piece of text begins with these eight: a piece stands behind a
        // number of words, which is never negative.
        withUnsafeBytes(of: Int64.min) { head.append(contentsOf: $0) }
        for part in parts {
            withUnsafeBytes(of: UInt64(part.utf8.count)) { head.append(contentsOf: $0) }
            head += part.utf8
        }
        var hash = begun
        head.withUnsafeBytes { hash.update($0) }
        hash.update(bytes)
        return hash.finish()
    }
}

extension WindowKeyMaker {
    /// The keys of one tenant's texts under one policy.
    package func keys(of tenant: String, under policy: PolicyDigest) -> AssessmentKeys {
        AssessmentKeys(begin([tenant, policy.text]))
    }
}
