import Failures
import Resilience
import Testing

@Suite struct MemoryTests {
    let bench = Bench()

    @Test(arguments: [
        (Cause.withdrawn, Scope.model, Evidence?.some(.explicit), Hold.Firmness?.some(.lasting)),
        (.withdrawn, .model, .ambiguous, .provisional), (.truncated, .model, .ambiguous, .provisional),
        (.denied, .credentialModel, nil, .lasting), (.exhausted, .credential, nil, .lasting),
        (.credential, .credential, nil, .lasting), (.throttled, .credentialModel, nil, .timed),
        (.overloaded, .model, nil, nil), (.broken, .host, nil, nil), (.refused, .request, nil, nil),
        (.tooLong, .request, nil, nil), (.callerFault, .request, nil, nil), (.nestedReference, .request, nil, nil),
    ])
    func aCauseIsRememberedAsItShould(cause: Cause, scope: Scope, evidence: Evidence?, firmness: Hold.Firmness?) {
        bench.fail(cause, scope, evidence: evidence)
        #expect(bench.book.holds.map(\.firmness) == (firmness.map { [$0] } ?? []))
        #expect(bench.isFree() == (firmness == nil))
        #expect(bench.isFree(Bench.place(host: "other")))
        #expect(bench.isFree(Bench.place("other")) == (scope != .credential))
        if scope == .request { #expect(bench.book.isQuiet) }
    }

    @Test func oneBrokenModelDoesNotOpenItsHostAndTwoDo() {
        for _ in 0..<3 { bench.fail(.broken, .host) }
        #expect(!bench.isFree())
        #expect(bench.isFree(Bench.place("other")))
        bench.fail(.broken, .host, at: Bench.place("other"))
        #expect(!bench.isFree(Bench.place("third")))
    }

    @Test func connectionErrorsOpenTheHost() {
        for _ in 0..<3 { bench.fail(.unreachable, .host) }
        #expect(!bench.isFree(Bench.place("other")))
    }

    @Test func aLostTrialWedgesNothing() throws {
        for _ in 0..<3 { bench.fail(.broken, .model) }
        #expect(bench.book.enter(Bench.place(), now: bench.now) == nil)
        bench.tick += .seconds(2)
        let lost = try #require(bench.book.enter(Bench.place(), now: bench.now))
        #expect(lost.isTrial)
        bench.tick += .seconds(59)
        #expect(bench.book.enter(Bench.place(), now: bench.now) == nil)
        bench.tick += .seconds(1)
        let trial = try #require(bench.book.enter(Bench.place(), now: bench.now))
        #expect(bench.book.succeeded(lost, now: bench.now).isEmpty)
        #expect(bench.book.succeeded(trial, now: bench.now) == [.closed(key: "model:h/m")])
    }

    @Test func aWaitDoublesUpToAMinuteAndASuccessResetsIt() throws {
        for expected in [1, 2, 4, 8, 16, 32, 60, 60, 1] {
            if expected == 1, let permit = bench.book.enter(Bench.place(), now: bench.now) {
                _ = bench.book.succeeded(permit, now: bench.now)
            }
            bench.fail(.throttled, .credentialModel)
            #expect(
                bench.book.standing(of: Bench.place(), now: bench.now)
                    == .waiting(until: bench.tick + .seconds(expected), .throttled))
            bench.tick += .seconds(expected)
        }
    }

    @Test func aRestartRemembersUnderTheSameNameAndARestoreLiftsIt() throws {
        bench.fail(.withdrawn, .model, evidence: .explicit)
        let hold = try #require(bench.book.holds.first)
        let later = HealthBook()
        later.remembered([hold])
        #expect(later.standing(of: Bench.place(credential: "new"), now: bench.now) == .held(.withdrawn, hold: hold.id))
        #expect(later.dueProbes(now: bench.now).isEmpty)
        #expect(later.restore("unknown", by: "me", now: bench.now) == nil)
        #expect(later.restore(hold.id, by: "me", now: bench.now) == [.lifted(hold, by: "me")])
        #expect(later.isQuiet)
    }

    @Test func aNewKeyLiftsWhatWasHeldOfTheOldOne() {
        bench.fail(.exhausted, .credential)
        #expect(bench.book.credentials(inUse: ["k"], now: bench.now).isEmpty)
        #expect(bench.book.credentials(inUse: ["new"], now: bench.now).count == 1)
        #expect(bench.book.isQuiet)
    }

    @Test(arguments: [
        (Cause.withdrawn, Scope.model, [0, 60, 300, 900, 1800, 1800]),
        (.exhausted, .credential, [60, 300, 900, 1800, 1800]), (.credential, .credential, [60, 300, 900, 1800]),
        (.denied, .credentialModel, [1800, 1800]),
    ])
    func probesComeWhenTheyAreDue(cause: Cause, scope: Scope, waits: [Int]) throws {
        bench.fail(cause, scope, evidence: .ambiguous, everAnswered: false)
        #expect(bench.book.holds.first?.name == (cause == .withdrawn ? "misconfigured" : cause.rawValue))
        for (index, wait) in waits.enumerated() {
            if wait > 0 {
                bench.tick += .seconds(wait) - .milliseconds(1)
                #expect(bench.book.dueProbes(now: bench.now).isEmpty)
                bench.tick += .milliseconds(1)
            }
            let order = try #require(bench.book.dueProbes(now: bench.now).first)
            #expect(bench.book.dueProbes(now: bench.now).isEmpty)
            let isLast = index == waits.count - 1
            let changes = bench.book.probed(order, isLast ? .answered : .inconclusive("?"), now: bench.now)
            #expect(changes.count == (isLast ? 1 : 0))
        }
        #expect(bench.isFree())
    }

    @Test func aLostProbeIsMadeAgainAndAConfirmedHoldIsNotProbed() throws {
        bench.fail(.withdrawn, .model, evidence: .ambiguous)
        #expect(bench.book.dueProbes(now: bench.now).count == 1)
        bench.tick += .seconds(120)
        let order = try #require(bench.book.dueProbes(now: bench.now).first)
        let verdict = Verdict(.withdrawn, .model, evidence: .ambiguous, rule: "test")
        _ = bench.book.probed(order, .failed(verdict, status: 404), now: bench.now)
        #expect(bench.book.holds.map(\.firmness) == [.lasting])
        bench.tick += .seconds(100_000)
        #expect(bench.book.dueProbes(now: bench.now).isEmpty)
    }
}
