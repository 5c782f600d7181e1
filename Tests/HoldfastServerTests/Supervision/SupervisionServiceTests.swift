import Conversation
import Gateway
import GatewayTesting
import HoldfastServer
import NIOCore
import NIOPosix
import Supervision
import Synchronization
import Testing

/// A second model that answers by a function.
private struct ScriptedSecondStage: SecondStage {
    let digest = "second"
    var advisory: Set<Head> = []
    var isReady: Bool { presence.value }
    var presence = Watched(true)
    let answer: @Sendable ([RankedWindow], SecondStageAsker, SecondStageTerms) async -> SecondStageResult

    func scores(
        of windows: [RankedWindow], for asker: SecondStageAsker, within terms: SecondStageTerms
    ) async -> SecondStageResult { await answer(windows, asker, terms) }

    /// The same score for every window.
    static func scoring(_ score: Double) -> Self {
        Self { windows, _, _ in
            let scores = RelativeScores([.attack: score, .injection: score, .output: score])
            return .scored(
                SecondStageScores(windows: windows.map { _ in scores }, seen: windows.count, cached: 0))
        }
    }
}

@Suite struct SupervisionServiceTests {
    private static let timers = MultiThreadedEventLoopGroup.singleton

    private static let constitution = Constitution(
        name: "test",
        clauses: [
            Clause(
                id: "no-lamp", text: "Nobody speaks of the lamp.",
                actions: [.user: .block, .answer: .block, .toolResult: .withhold], literals: ["the forbidden lamp"]),
            Clause(
                id: "no-attack", text: "No attacks.", actions: [.user: .block, .answer: .block],
                detectors: [Clause.Detector(.attack), Clause.Detector(.output)]),
        ])

    private static func policy(
        second: (any SecondStage)? = nil, deadline: Duration = .seconds(60), name: String = "p"
    ) -> SupervisionService.Policy {
        SupervisionService.Policy(
            Cascade(constitution, hasSecondStage: second != nil), PolicyDigest(name), second: second,
            deadline: deadline)
    }

    private static func service(
        _ policy: SupervisionService.Policy?, waiting: Int = 64, told: Watched<[SupervisorEvent]> = Watched([])
    ) -> SupervisionService {
        SupervisionService(policy, waiting: waiting, timers: timers) { event in told.change { $0.append(event) } }
    }

    private static func exhibit(_ text: String, key: String = "k") -> Exhibit {
        var passages = RequestPassages()
        passages.passages = [
            Passage(.user, turn: 0, block: 0, text: text, path: "messages.0.content", range: 0..<2)
        ]
        passages.newestUserTurn = 0
        return Exhibit(id: "r", tenant: "t", key: key, passages: passages)
    }

    private static let long = String(repeating: "a word of no weight, ", count: 20_000)

    @Test("small texts and large ones get the same verdict", arguments: ["", long])
    func sizes(_ padding: String) async {
        let service = Self.service(Self.policy())
        let blocked = await service.judge(Self.exhibit(padding + " the forbidden lamp "))
        #expect(blocked.ruling == .block && blocked.findings.first?.clause == "no-lamp")
        #expect(blocked.policy == PolicyDigest("p"))
        #expect(await service.judge(Self.exhibit(padding + " a lamp")).ruling == .allow)
    }

    @Test func withoutAPolicyNothingIsAllowed() async {
        let service = Self.service(nil)
        #expect(await service.judge(Self.exhibit("hello")).error == "absent")
        #expect(await service.makeAnswerJudge(for: Self.exhibit("")).judge([.ended], isEnd: true).ruling == .error)
    }

    @Test func anotherPolicyCountsForTheNextRequest() async {
        let service = Self.service(Self.policy())
        let judge = service.makeAnswerJudge(for: Self.exhibit("hello"))
        service.replace(with: Self.policy(name: "q"), waiting: 64)
        #expect(await service.judge(Self.exhibit("hello")).policy == PolicyDigest("q"))
        #expect(await judge.judge([.text(block: 0, .answer, "x")], isEnd: false).policy == PolicyDigest("p"))
    }

    @Test("a rehearsed fault is an error, and nothing for an operator", arguments: ["dead", "hung", "slow"])
    func faults(_ name: String) async {
        let told = Watched<[SupervisorEvent]>([])
        let service = Self.service(Self.policy(deadline: .milliseconds(20)), told: told)
        var exhibit = Self.exhibit("hello")
        exhibit.rehearsedFault = name == "dead" ? .dead : name == "hung" ? .hung : .slow
        let verdict = await service.judge(exhibit)
        #expect(verdict.ruling == .error && verdict.error == (name == "dead" ? "crashed" : "late"))
        #expect(told.value.isEmpty && !service.isDown)
    }

    @Test(
        "a second model that fails is an error, whatever the first stage says", arguments: SecondStageFailure.allCases)
    func secondFails(_ failure: SecondStageFailure) async {
        let service = Self.service(Self.policy(second: ScriptedSecondStage { _, _, _ in .failed(failure) }))
        let verdict = await service.judge(Self.exhibit("hello, is there anybody at home?"))
        #expect(verdict.ruling == .error && verdict.error == failure.rawValue)
    }

    @Test("scores that are no scores are an error", arguments: [Double.nan, .infinity])
    func noNumber(_ score: Double) async {
        let service = Self.service(Self.policy(second: ScriptedSecondStage.scoring(score)))
        #expect(await service.judge(Self.exhibit("hello, is there anybody at home?")).ruling == .error)
    }

    @Test("too few scores are an error")
    func tooFew() async {
        let second = ScriptedSecondStage { _, _, _ in .scored(SecondStageScores(windows: [], seen: 0, cached: 0)) }
        let verdict = await Self.service(Self.policy(second: second)).judge(
            Self.exhibit("hello, is there anybody at home?"))
        #expect(verdict.error == "malformed")
    }

    @Test("the second model's score decides where the first stage has none", arguments: [(0.5, false), (2.0, true)])
    func secondDecides(_ score: Double, blocks: Bool) async {
        let service = Self.service(Self.policy(second: ScriptedSecondStage.scoring(score)))
        let verdict = await service.judge(Self.exhibit("hello, is there anybody at home?"))
        #expect(verdict.ruling == (blocks ? .block : .allow))
        #expect(verdict.coverage.secondStage > 0)
    }

    @Test func whatIsBlockedAlreadyIsNotShownToTheSecondModel() async {
        let asked = Watched(0)
        let second = ScriptedSecondStage { _, _, _ in
            asked.change { $0 += 1 }
            return .failed(.crashed)
        }
        let verdict = await Self.service(Self.policy(second: second)).judge(Self.exhibit("the forbidden lamp"))
        #expect(verdict.ruling == .block && asked.value == 0)
    }

    // MARK: Large texts

    @Test("one key's large texts crowd out nobody else's")
    func fairness() async {
        let service = Self.service(Self.policy(), waiting: 8)
        let results = await withTaskGroup(of: (String, Verdict).self) { group in
            for number in 0..<40 {
                group.addTask { ("greedy", await service.judge(Self.exhibit("\(number) " + Self.long, key: "greedy"))) }
            }
            for number in 0..<4 {
                group.addTask {
                    let key = "modest-\(number)"
                    return (key, await service.judge(Self.exhibit("\(number) " + Self.long, key: key)))
                }
            }
            var results: [(String, Verdict)] = []
            for await result in group { results.append(result) }
            return results
        }
        for (key, verdict) in results where key != "greedy" { #expect(verdict.ruling == .allow, "\(verdict)") }
        for (key, verdict) in results where key == "greedy" {
            #expect(verdict.ruling == .allow || verdict.error == "limited", "\(verdict)")
        }
    }

    @Test func aJudgementThatIsLateIsAnError() async {
        let service = Self.service(Self.policy(deadline: .nanoseconds(1)))
        #expect(await service.judge(Self.exhibit(Self.long)).error == "late")
    }

    // MARK: Answers

    @Test("an answer is judged piece by piece, and as a whole")
    func answer() async {
        let judge = Self.service(Self.policy()).makeAnswerJudge(for: Self.exhibit("hello"))
        #expect(await judge.judge([.text(block: 0, .answer, "Here is the forb")], isEnd: false).ruling == .allow)
        #expect(await judge.judge([.text(block: 0, .answer, "idden lamp, at last.")], isEnd: false).ruling == .block)
    }

    @Test("a second model that fails beside an answer counts for its next piece, or its end", arguments: [true, false])
    func answerFails(awaits: Bool) async {
        let service = Self.service(Self.policy(second: ScriptedSecondStage { _, _, _ in .failed(.crashed) }))
        var exhibit = Self.exhibit("the question is whether")
        exhibit.awaitsSecondStage = awaits
        let judge = service.makeAnswerJudge(for: exhibit)
        let words = String(repeating: "This is a long answer. ", count: 60)
        let first = await judge.judge([.text(block: 0, .answer, words)], isEnd: false)
        if awaits { #expect(first.error == "crashed") }
        let end = await judge.judge([.blockEnded(0), .ended], isEnd: true)
        #expect(end.ruling == .error && end.error == "crashed")
    }

    @Test func theSecondModelHasTheLastWordOnAnAnswer() async {
        let judge = Self.service(Self.policy(second: ScriptedSecondStage.scoring(3))).makeAnswerJudge(
            for: Self.exhibit("hello"))
        let verdict = await judge.judge(
            [.text(block: 0, .answer, "A short answer to a question."), .blockEnded(0), .ended], isEnd: true)
        #expect(verdict.ruling == .block)
    }

    @Test("the second model sees all of an answer, a few windows at a time", arguments: [true, false])
    func allIsSeen(awaits: Bool) async {
        let asked = Watched<[[String]]>([])
        let second = ScriptedSecondStage { windows, _, terms in
            #expect(terms.isWhole)
            asked.change { $0.append(windows.map(\.text)) }
            return .scored(
                SecondStageScores(windows: windows.map { _ in RelativeScores() }, seen: windows.count, cached: 0))
        }
        var exhibit = Self.exhibit("Count, please.")
        exhibit.awaitsSecondStage = awaits
        let judge = Self.service(Self.policy(second: second)).makeAnswerJudge(for: exhibit)
        // In the form in which windows have them.
        let words = (0..<4000).map { String(decoding: CanonicalText.fold("word\($0)"), as: UTF8.self) }
        var shown = 0
        for part in [0..<12, 12..<40, 40..<3000, 3000..<4000] {
            let text = words[part].joined(separator: " ") + " "
            let verdict = await judge.judge([.text(block: 0, .answer, text)], isEnd: false)
            #expect(verdict.ruling == .allow)
            shown = part.upperBound
            guard awaits else { continue }
            let seen = Set(asked.value.joined().flatMap { $0.split(separator: " ").map(String.init) })
            #expect(words[..<shown].allSatisfy(seen.contains))
        }
        #expect(await judge.judge([.blockEnded(0), .ended], isEnd: true).ruling == .allow)
        let seen = Set(asked.value.joined().flatMap { $0.split(separator: " ").map(String.init) })
        #expect(words[..<shown].allSatisfy(seen.contains))
        #expect(asked.value.allSatisfy { (1...16).contains($0.count) })
    }

    @Test("a part of an answer that the second model hasn't seen is an error")
    func aPartIsUnseen() async {
        let second = ScriptedSecondStage { windows, _, _ in
            var scores: [RelativeScores?] = windows.map { _ in RelativeScores() }
            scores[scores.count - 1] = nil
            return .scored(SecondStageScores(windows: scores, seen: windows.count - 1, cached: 0))
        }
        let judge = Self.service(Self.policy(second: second)).makeAnswerJudge(for: Self.exhibit("hello"))
        let verdict = await judge.judge([.text(block: 0, .answer, "A short answer."), .blockEnded(0)], isEnd: true)
        #expect(verdict.error == "malformed")
    }

    @Test("what the second model finds beside an answer ends it with the next piece")
    func besideTheRelease() async throws {
        let (asked, mayAnswer, hasAnswered) = (Watched(0), Watched(false), Watched(false))
        let second = ScriptedSecondStage { windows, _, _ in
            asked.change { $0 += 1 }
            _ = try? await mayAnswer.until(within: .seconds(60)) { $0 }
            defer { hasAnswered.change { $0 = true } }
            let scores = RelativeScores([.output: 2])
            return .scored(SecondStageScores(windows: windows.map { _ in scores }, seen: windows.count, cached: 0))
        }
        let judge = Self.service(Self.policy(second: second)).makeAnswerJudge(for: Self.exhibit("hello"))
        let words = String(repeating: "This is a long answer. ", count: 40)
        #expect(await judge.judge([.text(block: 0, .answer, words)], isEnd: false).ruling == .allow)
        try await asked.until(within: .seconds(60)) { $0 == 1 }
        #expect(await judge.judge([.text(block: 0, .answer, "More.")], isEnd: false).ruling == .allow)
        mayAnswer.change { $0 = true }
        try await hasAnswered.until(within: .seconds(60)) { $0 }
        // The scores are told a moment after the model's answer.
        var ruling = Verdict.Ruling.allow
        while ruling == .allow {
            await Task.yield()
            ruling = await judge.judge([.text(block: 0, .answer, "And more.")], isEnd: false).ruling
        }
        #expect(ruling == .block)
    }

    @Test("a request waits for each score as long as the deadline says, and for all of them no longer than the total")
    func terms() async {
        let asked = Watched<[SecondStageTerms]>([])
        let second = ScriptedSecondStage { windows, _, terms in
            asked.change { $0.append(terms) }
            return .scored(
                SecondStageScores(windows: windows.map { _ in RelativeScores() }, seen: windows.count, cached: 0))
        }
        var policy = Self.policy(second: second, deadline: .seconds(40))
        policy.inAll = .seconds(90)
        _ = await Self.service(policy).judge(Self.exhibit("hello, is there anybody at home?"))
        #expect(asked.value == [SecondStageTerms(patience: .seconds(40), inAll: .seconds(90))])
        #expect(Self.policy(deadline: .seconds(40)).inAll == .seconds(40))
    }

    // MARK: The watch

    @Test("an operator hears of an outage once, and of its end")
    func watch() {
        let told = Watched<[SupervisorEvent]>([])
        let watch = SupervisorWatch { event in told.change { $0.append(event) } }
        for word in ["limited", "cancelled", "late", "late"] { watch.note(Verdict(.error, error: word)) }
        #expect(told.value.isEmpty)
        watch.note(Verdict(.error, error: "late"))
        watch.note(Verdict(.error, error: "crashed"))
        #expect(told.value == [.down("late")] && watch.isDown)
        watch.note(Verdict(.block))
        watch.note(Verdict(.allow))
        watch.note(Verdict(.error, error: "crashed"))
        #expect(told.value == [.down("late"), .up, .down("crashed")])
    }

    // MARK: The memory

    @Test("what passed before is not looked up while verdicts are errors", arguments: ["late", "crashed", "malformed"])
    func noMemoryWhileItFails(_ word: String) async {
        let failure = Watched<SecondStageFailure?>(nil)
        let second = ScriptedSecondStage { windows, asker, terms in
            if let failure = failure.value { return .failed(failure) }
            return await ScriptedSecondStage.scoring(0.5).answer(windows, asker, terms)
        }
        let service = Self.service(Self.policy(second: second))
        func hasMemory() -> Bool { service.memory(of: "t") != nil }
        #expect(hasMemory())
        failure.change { $0 = SecondStageFailure(rawValue: word) }
        #expect(await service.judge(Self.exhibit("hello")).error == word)
        #expect(!hasMemory())
        // The key's own refusal says nothing of the supervisor, and brings nothing back.
        failure.change { $0 = .limited }
        _ = await service.judge(Self.exhibit("hello"))
        #expect(!hasMemory())
        failure.change { $0 = nil }
        #expect(await service.judge(Self.exhibit("hello")).ruling == .allow)
        #expect(hasMemory())
    }

    @Test func whatPassedBeforeIsNotLookedUpWhileTheSecondModelIsNotReady() async {
        let second = ScriptedSecondStage.scoring(0.5)
        let service = Self.service(Self.policy(second: second))
        #expect(service.memory(of: "t") != nil)
        second.presence.change { $0 = false }
        #expect(service.memory(of: "t") == nil)
        second.presence.change { $0 = true }
        #expect(service.memory(of: "t") != nil)
    }
}
