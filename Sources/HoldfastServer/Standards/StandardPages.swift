import AdminAPI
import FrontDoor
package import Veto

/// The administrators' resource for standards.
struct StandardPages {
    let standards: StandardsService

    var pages: [AdminDoor.Page] { [AdminDoor.Page(AdminPath.standards) { standards.view }] }
}

extension StandardView {
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - suspension: the one that it has ordered.
    package init(
        _ standard: Standard, _ scope: SuspendedScope, _ verdict: StandardVerdict, at now: Int,
        suspension: SuspensionIndex.Entry? = nil
    ) {
        self.init(
            id: standard.id, subject: scope.text, check: standard.check.kind.rawValue,
            verdict: Verdict(rawValue: verdict.ruling.rawValue) ?? .unknown, evidence: verdict.evidence,
            seen: verdict.seen, age: verdict.age(at: now))
        breach = standard.consequence.rawValue
        grace = standard.terms.grace
        returns = standard.terms.comesBack == .people ? "people" : "by itself"
        steady = standard.terms.comesBack == .people ? nil : standard.terms.steady
        evenTheLast = standard.terms.evenTheLast
        self.suspension = suspension?.suspension.id
        phase = suspension?.phase.name
    }
}
