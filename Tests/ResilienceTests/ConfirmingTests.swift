import Failures
import Resilience
import Testing

/// Verdicts that traffic gave rise to, and the requests of Holdfast's own that
/// decide about them.
@Suite struct ConfirmingTests {
    let bench = Bench()

    private func standing(for key: String = "key", at place: Target = Bench.place()) -> TargetState {
        bench.book.standing(of: place, for: key, now: bench.now)
    }

    private func firstProbe(
        _ cause: Cause = .withdrawn, _ scope: Scope = .model, basis: Verdict.Basis = .words, status: Int = 404,
        key: String = "key"
    ) throws -> ProbeOrder {
        try #require(
            bench.fail(cause, scope, evidence: .explicit, basis: basis, status: status, key: key)?.probes.first)
    }

    @Test func aProvisionalHoldIsASuspicionAndAConfirmedOneHolds() throws {
        let order = try firstProbe()
        let hold = try #require(bench.book.holds.first)
        #expect(standing() == .suspected(.withdrawn, hold: hold.id))
        let changes = bench.book.probed(order, Bench.refusal(.withdrawn, .model), now: bench.now)
        #expect(changes.count == 1)
        #expect(standing() == .held(.failure(.withdrawn), hold: hold.id))
        #expect(bench.book.holds.map(\.words) == ["gone"])
    }

    @Test(arguments: [
        (Scope.credential, Verdict.Basis.words, 403, Scope.credentialModel), (.host, .words, 404, .credentialModel),
        (.credential, .code, 403, .credential), (.credential, .words, 401, .credential),
        (.credential, .status, 401, .credential), (.model, .words, 404, .model),
        (.credentialModel, .words, 403, .credentialModel),
    ])
    func wordsAloneReachNoFurtherThanAModel(scope: Scope, basis: Verdict.Basis, status: Int, held: Scope) {
        bench.fail(.exhausted, scope, basis: basis, status: status)
        #expect(bench.book.holds.map(\.scope) == [held])
        #expect(bench.isFree(Bench.place("other")) == (held != .credential))
    }

    @Test func aConfirmationReachesAsFarAsItsOwnWordsSay() throws {
        let order = try firstProbe(.exhausted, .credential, status: 403)
        _ = bench.book.probed(order, Bench.refusal(.exhausted, .credential), now: bench.now)
        #expect(bench.book.holds.map(\.scope) == [.credential])
        #expect(bench.book.holds.map(\.firmness) == [.lasting])
        #expect(!bench.isFree(Bench.place("other")))
    }

    @Test(arguments: [400, 422])
    func aStatusThatBlamesTheRequestCountsForThatKeyOnly(status: Int) throws {
        let order = try firstProbe(status: status, key: "one")
        #expect(!bench.isFree(for: "one") && bench.isFree(for: "another"))
        #expect(bench.book.holds.map(\.isPersistent) == [false])
        let changes = bench.book.probed(order, Bench.refusal(.withdrawn, .model), now: bench.now)
        #expect(!bench.isFree(for: "another"))
        guard case .placed(let hold)? = changes.first else {
            Issue.record("what is confirmed is told as a hold: \(changes)")
            return
        }
        #expect(hold.isPersistent && hold.firmness == .lasting)
    }

    @Test func afterAContradictionWordsAskFirst() throws {
        let order = try firstProbe()
        _ = bench.book.probed(order, .answered, now: bench.now)
        #expect(bench.isFree() && bench.book.isQuiet)
        for minutes in [10, 20, 40, 60, 60] {
            bench.tick += .seconds(5)
            let question = try firstProbe()
            #expect(bench.isFree(), "words hold nothing before a probe has told")
            _ = bench.book.probed(question, .answered, now: bench.now)
            bench.tick += .seconds(minutes * 60) - .seconds(10)
        }
    }

    @Test func aDoubtEndsWithItsTime() throws {
        _ = bench.book.probed(try firstProbe(), .answered, now: bench.now)
        bench.tick += .seconds(599)
        _ = bench.book.probed(try firstProbe(), .inconclusive("?"), now: bench.now)
        #expect(bench.isFree())
        _ = bench.book.restore(try #require(bench.book.holds.first).id, by: "me", now: bench.now)
        bench.tick += .seconds(6)
        bench.fail(.withdrawn, .model, evidence: .explicit, basis: .words)
        #expect(!bench.isFree())
    }

    @Test func aCodeHoldsAtOnceAlsoWhereWordsWereWrong() throws {
        _ = bench.book.probed(try firstProbe(), .answered, now: bench.now)
        bench.tick += .seconds(5)
        bench.fail(.withdrawn, .model, evidence: .explicit, basis: .code)
        #expect(!bench.isFree())
    }

    @Test func aQuestionThatIsAnsweredWithNoHolds() throws {
        _ = bench.book.probed(try firstProbe(), .answered, now: bench.now)
        bench.tick += .seconds(5)
        _ = bench.book.probed(try firstProbe(), Bench.refusal(.withdrawn, .model), now: bench.now)
        #expect(!bench.isFree() && bench.book.holds.map(\.firmness) == [.lasting])
    }

    @Test func oneProbeAtATimeAndOneInFiveSecondsAPlace() throws {
        // Several holds at one place, and many requests.
        let order = try firstProbe(.withdrawn, .model)
        let late = bench.book.enterInSpite(Bench.place(), now: bench.now)
        for request in 0..<50 {
            let report = bench.report(.exhausted, .credential, status: 401, key: "key \(request)")
            #expect(bench.book.failed(late, report, now: bench.now).probes.isEmpty)
        }
        #expect(bench.book.dueProbes(now: bench.now).isEmpty)
        _ = bench.book.probed(order, .inconclusive("?"), now: bench.now)
        bench.tick += .milliseconds(4999)
        #expect(bench.book.dueProbes(now: bench.now).isEmpty)
        bench.tick += .milliseconds(1)
        #expect(bench.book.dueProbes(now: bench.now).count == 1)
        #expect(bench.book.dueProbes(now: bench.now).isEmpty)
        // Another place has a turn of its own.
        #expect(
            bench.fail(.withdrawn, .model, evidence: .explicit, at: Bench.place("other", host: "elsewhere"))?.probes
                .count == 1)
    }

    @Test func anAnswerToAnyProbeLiftsAllThatIsProvisionalThere() throws {
        let order = try firstProbe(.withdrawn, .model)
        let late = bench.book.enterInSpite(Bench.place(), now: bench.now)
        _ = bench.book.failed(late, bench.report(.credential, .credential, status: 401), now: bench.now)
        #expect(bench.book.holds.count == 2)
        _ = bench.book.probed(order, .answered, now: bench.now)
        #expect(bench.book.holds.isEmpty && bench.isFree())
    }

    @Test func anAnswerToARequestThatCameAfterLiftsIt() throws {
        let early = try #require(bench.book.enter(Bench.place(), now: bench.now))
        bench.tick += .seconds(1)
        _ = try firstProbe()
        bench.tick += .seconds(1)
        #expect(bench.book.succeeded(early, now: bench.now).isEmpty, "it went out before the model was pulled")
        #expect(!bench.isFree())
        let late = bench.book.enterInSpite(Bench.place(), now: bench.now)
        let changes = bench.book.succeeded(late, now: bench.now)
        #expect(bench.isFree())
        #expect(changes.contains { if case .contradicted(let told) = $0 { told.by == "traffic" } else { false } })
    }

    @Test(arguments: [(404, false, Cause.withdrawn), (400, true, .callerFault), (400, false, .withdrawn)])
    func whatRemainsOfAVerdictThatIsNotConfirmed(status: Int, quotes: Bool, remains: Cause) throws {
        let permit = try #require(bench.book.enter(Bench.place(), for: "key", now: bench.now))
        var report = bench.report(.withdrawn, .model, evidence: .explicit, basis: .words, status: status)
        report.judgement.quotesRequest = quotes
        let order = try #require(bench.book.failed(permit, report, now: bench.now).probes.first)
        let changes = bench.book.probed(order, .answered, now: bench.now)
        let told = changes.compactMap { if case .contradicted(let told) = $0 { told } else { nil } }
        #expect(told.map(\.cause) == [remains] && told.map(\.by) == ["probe"])
    }

    @Test func threeKeysContradictionsAreFlappingOnce() throws {
        var told: [Int] = []
        for key in ["a", "a", "b", "c", "d"] {
            bench.tick += .seconds(10)
            let order = try firstProbe(basis: .code, key: key)
            for change in bench.book.probed(order, .answered, now: bench.now) {
                if case .flapping(_, let keys) = change { told.append(keys) }
            }
        }
        #expect(told == [3])
    }

    @Test func madeUpNamesLeaveNothing() {
        for number in 0..<5000 {
            let place = Bench.place("made-up-\(number)")
            for cause in [Cause.withdrawn, .denied, .throttled, .broken] {
                bench.fail(
                    cause, cause == .withdrawn || cause == .broken ? .model : .credentialModel, evidence: .ambiguous,
                    at: place, isKnown: false)
            }
        }
        #expect(bench.book.holds.isEmpty && bench.book.breakers(now: bench.now).isEmpty && bench.isFree())
        // What isn't the model's counts, and is probed with another's name.
        let news = bench.fail(.credential, .credential, status: 401, at: Bench.place("made-up"), isKnown: false)
        #expect(news?.probes.map(\.place.model) == [""])
        #expect(!bench.isFree())
    }

    @Test func longWaitsAreCappedAndProbed() throws {
        bench.fail(.throttled, .credentialModel, retryAfter: .seconds(9999 * 3600), status: 429)
        #expect(standing() == .waiting(until: bench.tick + .seconds(900), .throttled))
        #expect(bench.book.dueProbes(now: bench.now).isEmpty)
        bench.tick += .seconds(60)
        bench.probe(.answered)
        #expect(bench.isFree() && bench.book.isQuiet)
    }

    @Test func aWaitThatNoStatusBearsOutIsProbedAtOnce() {
        let news = bench.fail(
            .throttled, .credentialModel, retryAfter: .seconds(600), basis: .words, status: 403)
        #expect(news?.probes.count == 1)
        #expect(news.map { bench.book.probed($0.probes[0], .answered, now: bench.now).count } == 1)
        #expect(bench.isFree())
    }

    @Test(arguments: [Cause.throttled, .overloaded, .broken, .truncated])
    func aStatusThatBlamesTheRequestTouchesNeitherWaitsNorBreakers(cause: Cause) {
        for _ in 0..<20 { bench.fail(cause, .model, basis: .words, status: 400) }
        #expect(bench.isFree() && bench.book.breakers(now: bench.now).isEmpty)
    }

    // MARK: Where nothing may be probed

    @Test func twoKeysRequestsConfirmEachOtherWhereNothingMayBeProbed() throws {
        let news = bench.fail(
            .withdrawn, .model, evidence: .explicit, basis: .words, key: "a", request: 1, mayProbe: false)
        #expect(news?.probes.isEmpty == true && !bench.isFree())
        let spite = bench.book.enterInSpite(Bench.place(), now: bench.now)
        func again(_ key: String, _ request: Int) {
            let report = bench.report(
                .withdrawn, .model, evidence: .explicit, basis: .words, key: key, request: request, mayProbe: false)
            _ = bench.book.failed(spite, report, now: bench.now)
        }
        again("a", 2)
        #expect(bench.book.holds.map(\.firmness) == [.provisional], "the same key is no second")
        bench.tick += .seconds(600)
        again("b", 2)
        again("a", 2)
        #expect(bench.book.holds.map(\.firmness) == [.provisional], "the same request is no second")
        again("b", 3)
        #expect(bench.book.holds.map(\.firmness) == [.lasting])
    }

    @Test func withoutASecondOneItLapsesAndIsNotForgotten() throws {
        bench.fail(.withdrawn, .model, evidence: .explicit, basis: .words, key: "a", request: 1, mayProbe: false)
        bench.tick += .seconds(60)
        #expect(bench.isFree())
        bench.fail(.withdrawn, .model, evidence: .explicit, basis: .words, key: "b", request: 2, mayProbe: false)
        #expect(bench.book.holds.map(\.firmness) == [.lasting])
    }

    @Test func accountsAreNotConfirmedByCallers() {
        for number in 0..<5 {
            bench.fail(
                .exhausted, .credential, basis: .code, status: 403, key: "\(number)", request: number, mayProbe: false)
            #expect(bench.book.holds.map(\.firmness) == [.provisional])
            bench.tick += .seconds(61)
            #expect(bench.isFree())
        }
    }

    // MARK: By hand

    @Test func aHoldByHandIsNoProvidersWithdrawal() throws {
        let order = try firstProbe()
        _ = bench.book.hold(Bench.place(), scope: .model, reason: "looks wrong", by: "ops", now: bench.now)
        _ = bench.book.probed(order, .answered, now: bench.now)
        let hold = try #require(bench.book.holds.first)
        #expect(hold.ground == .byHand && hold.cause == nil && hold.name == "held_by_hand")
        #expect(hold.reason == "looks wrong" && hold.acknowledgedBy == "ops")
        #expect(standing() == .held(.byHand, hold: hold.id))
    }
}
