import Failures
import Resilience
import Testing

@Suite struct MemoryTests {
    let bench = Bench()

    @Test(arguments: [
        (Cause.withdrawn, Scope.model, Evidence?.some(.explicit), Hold.Firmness?.some(.provisional)),
        (.withdrawn, .model, .ambiguous, .provisional), (.truncated, .model, .ambiguous, .provisional),
        (.denied, .credentialModel, nil, .provisional), (.exhausted, .credential, nil, .provisional),
        (.credential, .credential, nil, .provisional), (.throttled, .credentialModel, nil, .timed),
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

    @Test("a failure of long ago, or of another model, counts as one of late")
    func late() throws {
        #expect(!bench.book.hasFailed(Bench.place(), now: bench.now))
        bench.fail(.broken, .model)
        #expect(bench.book.hasFailed(Bench.place(), now: bench.now))
        #expect(!bench.book.hasFailed(Bench.place("other"), now: bench.now))
        let permit = try #require(bench.book.enter(Bench.place(), now: bench.now))
        _ = bench.book.succeeded(permit, now: bench.now)
        bench.tick += .seconds(60)
        #expect(bench.book.hasFailed(Bench.place(), now: bench.now))
        bench.tick += .seconds(1)
        #expect(!bench.book.hasFailed(Bench.place(), now: bench.now))
    }

    @Test("a wait that the provider has not named is taken for its word")
    func named() {
        #expect(bench.book.namedWait(of: Bench.place(), now: bench.now) == nil)
        bench.fail(.throttled, .credentialModel)
        #expect(bench.book.namedWait(of: Bench.place(), now: bench.now) == nil)
        bench.fail(.throttled, .credentialModel, retryAfter: .seconds(2), at: Bench.place("other"))
        #expect(bench.book.namedWait(of: Bench.place("other"), now: bench.now) == bench.tick + .seconds(2))
        bench.tick += .seconds(2)
        #expect(bench.book.namedWait(of: Bench.place("other"), now: bench.now) == nil)
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
        let order = try #require(bench.fail(.withdrawn, .model, evidence: .explicit)?.probes.first)
        _ = bench.book.probed(order, Bench.refusal(.withdrawn, .model), now: bench.now)
        let hold = try #require(bench.book.holds.first)
        let later = HealthBook()
        later.remembered([hold])
        #expect(
            later.standing(of: Bench.place(credential: "new"), now: bench.now)
                == .held(.failure(.withdrawn), hold: hold.id))
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
        (Cause.withdrawn, Scope.model), (.exhausted, .credential), (.credential, .credential),
        (.denied, .credentialModel),
    ])
    func aProvisionalHoldIsProbedUntilAProbeTells(cause: Cause, scope: Scope) throws {
        let news = try #require(bench.fail(cause, scope, evidence: .ambiguous, everAnswered: false))
        #expect(bench.book.holds.first?.name == (cause == .withdrawn ? "misconfigured" : cause.rawValue))
        // The first probe begins with the verdict.
        var order = try #require(news.probes.first)
        #expect(order.patience == .seconds(5))
        for wait in [60, 300, 900, 1800, 1800] {
            #expect(bench.book.dueProbes(now: bench.now).isEmpty)
            #expect(bench.book.probed(order, .inconclusive("?"), now: bench.now).isEmpty)
            bench.tick += .seconds(wait) - .milliseconds(1)
            #expect(bench.book.dueProbes(now: bench.now).isEmpty)
            bench.tick += .milliseconds(1)
            order = try #require(bench.book.dueProbes(now: bench.now).first)
        }
        let changes = bench.book.probed(order, .answered, now: bench.now)
        #expect(changes.count == 2 && bench.isFree())
    }

    @Test(arguments: [
        (Cause.exhausted, Scope.credential, [60, 300, 900, 1800, 1800]),
        (.credential, .credential, [60, 300, 900, 1800]), (.denied, .credentialModel, [1800, 1800]),
    ])
    func aConfirmedAccountIsProbedNowAndThen(cause: Cause, scope: Scope, waits: [Int]) throws {
        let first = try #require(bench.fail(cause, scope)?.probes.first)
        _ = bench.book.probed(first, Bench.refusal(cause, scope), now: bench.now)
        #expect(bench.book.holds.map(\.firmness) == [.lasting])
        for (index, wait) in waits.enumerated() {
            bench.tick += .seconds(wait) - .milliseconds(1)
            #expect(bench.book.dueProbes(now: bench.now).isEmpty)
            bench.tick += .milliseconds(1)
            let isLast = index == waits.count - 1
            let changes = bench.probe(isLast ? .answered : .inconclusive("?"))
            #expect(changes?.count == (isLast ? 1 : 0))
        }
        #expect(bench.isFree())
    }

    @Test func aLostProbeIsMadeAgain() throws {
        #expect(bench.fail(.withdrawn, .model, evidence: .ambiguous)?.probes.count == 1)
        bench.tick += .seconds(60)
        bench.probe(Bench.refusal(.withdrawn, .model))
        #expect(bench.book.holds.map(\.firmness) == [.lasting])
    }

    @Test("a confirmed withdrawal is looked at once a day, and an answer is reported and lifts nothing")
    func dailyLook() throws {
        let first = try #require(bench.fail(.withdrawn, .model, evidence: .ambiguous)?.probes.first)
        _ = bench.book.probed(first, Bench.refusal(.withdrawn, .model), now: bench.now)
        let hold = try #require(bench.book.holds.first)
        #expect(hold.firmness == .lasting)
        for isBack in [false, true, true] {
            bench.tick += .seconds(86_400) - .milliseconds(1)
            #expect(bench.book.dueProbes(now: bench.now).isEmpty)
            bench.tick += .milliseconds(1)
            let changes = bench.probe(isBack ? .answered : Bench.refusal(.withdrawn, .model))
            #expect(changes == (isBack ? [.answersAgain(hold)] : []))
            #expect(bench.book.holds == [hold] && !bench.isFree(), "it is for a person to lift it")
        }
    }

    @Test("a model whose breaker lets a trial through is free, and still in trouble until an answer") func trouble() {
        func trouble() -> Cause? { bench.book.trouble(at: Bench.place(), within: .seconds(300), now: bench.now) }
        #expect(trouble() == nil)
        for _ in 0..<3 { bench.fail(.broken, .model, status: 500) }
        #expect(!bench.isFree() && trouble() == .broken)
        bench.tick += .seconds(60)
        #expect(bench.isFree() && trouble() == .broken, "nobody has been answered since")
        #expect(bench.book.trouble(at: Bench.place("other"), within: .seconds(300), now: bench.now) == nil)
        bench.tick += .seconds(241)
        #expect(trouble() == nil, "it says nothing of the present")
        if let trial = bench.book.enter(Bench.place(), for: "key", now: bench.now) {
            _ = bench.book.failed(trial, bench.report(.broken, .model, status: 500), now: bench.now)
        }
        #expect(trouble() == .broken)
        bench.tick += .seconds(120)
        if let trial = bench.book.enter(Bench.place(), for: "key", now: bench.now) {
            _ = bench.book.succeeded(trial, now: bench.now)
        }
        #expect(bench.isFree() && trouble() == nil)
    }
}
