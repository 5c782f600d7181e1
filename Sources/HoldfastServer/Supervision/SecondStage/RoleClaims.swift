package import Custody

/// The weights that are in service, with the role of each: the same bytes
/// never serve in two roles. A pure value.
package struct RoleClaims: Sendable {
    private struct Claim: Sendable {
        var role: ExpectedWeights.Role
        var digests: Set<ContentDigest>
    }

    private var claims: [String: Claim] = [:]

    package init() {}

    /// Notes the weights of an engine, in place of those that it had before.
    ///
    /// - Throws: ``CustodyProblem`` where another engine has one of the files
    ///   in another role. The earlier claim stands.
    package mutating func claim(
        _ digests: Set<ContentDigest>, for engine: String, as role: ExpectedWeights.Role
    ) throws(CustodyProblem) {
        for (other, claim) in claims.sorted(by: { $0.key < $1.key })
        where other != engine && claim.role != role && !claim.digests.isDisjoint(with: digests) {
            throw CustodyProblem(
                .manifest,
                "\(engine) has the weights of \(other), which serves as \(claim.role.rawValue), and not as \(role.rawValue)",
                remedy: "give one of them another model: whatever is wrong with these weights would be in both")
        }
        claims[engine] = Claim(role: role, digests: digests)
    }
}
