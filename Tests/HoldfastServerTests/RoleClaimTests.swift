import Custody
import HoldfastServer
import Testing

@Suite("The roles of weights in memory")
struct RoleClaimTests {
    private let one = ContentDigest.of([1])
    private let two = ContentDigest.of([2])

    @Test("the same bytes never serve in two roles, whichever comes first")
    func twoRoles() throws {
        var claims = RoleClaims()
        try claims.claim([one], for: "here", as: .primary)
        #expect(throws: CustodyProblem.self) { try claims.claim([two, one], for: "supervisor", as: .supervisor) }
        var others = RoleClaims()
        try others.claim([one], for: "supervisor", as: .supervisor)
        let problem = #expect(throws: CustodyProblem.self) { try others.claim([one], for: "here", as: .primary) }
        #expect(problem?.what.contains("supervisor") == true)
    }

    @Test("two primaries may be one model, and an engine may load its own again")
    func sameRole() throws {
        var claims = RoleClaims()
        try claims.claim([one], for: "here", as: .primary)
        try claims.claim([one], for: "spare", as: .primary)
        try claims.claim([one], for: "here", as: .primary)
        try claims.claim([two], for: "supervisor", as: .supervisor)
        try claims.claim([two], for: "supervisor", as: .supervisor)
    }

    @Test("a refusal leaves the earlier claim, and another model ends it")
    func standing() throws {
        var claims = RoleClaims()
        try claims.claim([one], for: "here", as: .primary)
        try claims.claim([two], for: "supervisor", as: .supervisor)
        #expect(throws: CustodyProblem.self) { try claims.claim([one], for: "supervisor", as: .supervisor) }
        #expect(throws: CustodyProblem.self) { try claims.claim([two], for: "other", as: .primary) }
        try claims.claim([ContentDigest.of([3])], for: "supervisor", as: .supervisor)
        try claims.claim([two], for: "other", as: .primary)
    }
}
