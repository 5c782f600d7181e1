import AWSSigning
import CloudCredentials
import Testing

/// A credential that is used after its end, or a source that is asked without
/// pause.
@Suite struct CredentialStateTests {
    private let problem = CredentialProblem("no")

    private func credential(_ id: String, until: Int64? = nil) -> AWSCredential {
        AWSCredential(keyID: id, secret: "s", sessionToken: nil, expires: until)
    }

    private func look(_ state: inout CredentialState, _ now: Int) -> (CredentialState.Step, fetches: Bool) {
        var fetches = false
        let step = state.look(at: now, fetches: &fetches)
        return (step, fetches)
    }

    private func begins(_ state: inout CredentialState, _ now: Int) -> Bool { state.beginsFetch(at: now) }

    @Test func theFirstRequestWaitsAndOnlyItFetches() {
        var state = CredentialState()
        #expect(look(&state, 0) == (.wait, true))
        #expect(look(&state, 0) == (.wait, false))
        state.fetched(credential("a"), at: 1)
        #expect(look(&state, 1) == (.use(credential("a")), false))
        #expect(look(&state, 1_000_000) == (.use(credential("a")), false))
    }

    @Test func aCredentialIsRenewedBesideRequestsBeforeItsEnd() {
        var state = CredentialState()
        _ = look(&state, 0)
        let first = credential("a", until: 3600)
        state.fetched(first, at: 0)
        #expect(look(&state, 2699) == (.use(first), false))
        #expect(look(&state, 2700) == (.use(first), true))
        #expect(look(&state, 2701) == (.use(first), false))
        let second = credential("b", until: 7200)
        state.fetched(second, at: 2702)
        #expect(look(&state, 3599) == (.use(second), false))
    }

    @Test func itIsUsedToItsEndWhileItsSourceFails() {
        var state = CredentialState()
        _ = look(&state, 0)
        let first = credential("a", until: 3600)
        state.fetched(first, at: 0)
        _ = look(&state, 2700)
        state.failed(problem, at: 2701)
        #expect(look(&state, 2701) == (.use(first), false))
        #expect(look(&state, 2702) == (.use(first), true))
        state.failed(problem, at: 2703)
        #expect(look(&state, 2704) == (.use(first), false))
        #expect(look(&state, 3589) == (.use(first), true))
        state.failed(problem, at: 3589)
        // Ten seconds before its end it may no longer arrive in time.
        #expect(look(&state, 3590) == (.refuse(problem), false))
    }

    @Test func aFailingSourceIsAskedAtGrowingDistances() {
        var state = CredentialState()
        var asked: [Int] = []
        for now in 0..<300 {
            let (step, fetches) = look(&state, now)
            if fetches {
                asked.append(now)
                state.failed(problem, at: now)
            } else {
                #expect(step == .refuse(problem))
            }
        }
        #expect(asked == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243])
    }

    @Test func aShortCredentialIsRenewedAtHalfOfItsLife() {
        var state = CredentialState()
        _ = look(&state, 0)
        state.fetched(credential("a", until: 120), at: 0)
        #expect(!begins(&state, 59))
        #expect(begins(&state, 60))
        // The same one again: its source has no newer one yet.
        state.fetched(credential("a", until: 120), at: 60)
        #expect(!begins(&state, 89))
        #expect(begins(&state, 90))
    }

    @Test func aCredentialThatHasEndedIsRefused() {
        var state = CredentialState()
        _ = look(&state, 1000)
        state.fetched(credential("a", until: 1000), at: 1000)
        guard case (.refuse(let problem), false) = look(&state, 1001) else {
            Issue.record("it is used")
            return
        }
        #expect(problem.description.contains("check the clocks"))
        #expect(look(&state, 1030).fetches)
    }

    @Test func aKeyThatWasRefusedIsFetchedAnewOnce() {
        var state = CredentialState()
        _ = look(&state, 0)
        let first = credential("a", until: 3600)
        state.fetched(first, at: 0)
        state.refused("b", at: 0)
        #expect(look(&state, 0) == (.use(first), false), "another key's refusal")
        state.refused("a", at: 0)
        #expect(look(&state, 0) == (.wait, true))
        state.fetched(first, at: 0)
        state.refused("a", at: 0)
        #expect(look(&state, 5) == (.use(first), false), "refused twice in one second")
        state.refused("a", at: 6)
        #expect(look(&state, 6) == (.wait, true))
    }

    @Test func whatOthersWriteIsReadAgain() {
        var state = CredentialState(lasting: 60)
        _ = look(&state, 0)
        state.fetched(credential("a"), at: 0)
        #expect(!begins(&state, 59))
        #expect(begins(&state, 60))
    }

    @Test(arguments: [Int64.min, -1, 0, Int64.max])
    func anAbsurdEndIsNoCrash(_ end: Int64) {
        var state = CredentialState()
        _ = look(&state, 1_800_000_000)
        state.fetched(credential("a", until: end), at: 1_800_000_000)
        _ = look(&state, 1_800_000_001)
    }
}
