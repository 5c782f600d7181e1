import Conversation
import HoldfastServer
import Supervision
import Synchronization
import Testing

@Suite("The second stage over a model", .timeLimit(.minutes(1)))
struct EmbeddingStageTests {
    /// A model by script: what it answers, whether it is there, and what it was
    /// asked.
    private final class Model: WindowEmbedder {
        struct State {
            var isReady = true
            var refusal: String?
            var answers: [EmbeddingAnswer] = []
            var asked: [String] = []
            var isHeld = false
        }

        let state: Mutex<State>

        init(_ change: (inout State) -> Void = { _ in }) {
            var state = State()
            change(&state)
            self.state = Mutex(state)
        }

        static let vector = EmbeddingVector([1.0] + Array(repeating: 0.0, count: 383))

        var isReady: Bool { state.withLock { $0.isReady } }
        var refusal: String? { state.withLock { $0.refusal } }
        var asked: [String] { state.withLock { $0.asked } }

        func change(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

        func embed(_ text: String) async -> EmbeddingAnswer {
            state.withLock { $0.asked.append(text) }
            while state.withLock(\.isHeld), !Task.isCancelled { await Task.yield() }
            return state.withLock { state in
                state.answers.isEmpty ? Self.vector.map { .vector($0) } ?? .malformed : state.answers.removeFirst()
            }
        }
    }

    private static let patient = SecondStageTerms(patience: .seconds(60))
    private static let asker = SecondStageAsker(tenant: "t", key: "k", policy: PolicyDigest("p"))
    private static let heads = EmbeddingHeads(
        weights: [.attack: .init(factors: [500] + Array(repeating: 0, count: 383), bias: 0, thresholds: [500])],
        model: "")

    /// Runs a stage for as long as the body takes.
    private func with<Value: Sendable>(
        _ model: Model, waiting: Int = 64, _ body: @Sendable (EmbeddingStage) async throws -> Value
    ) async rethrows -> Value {
        let stage = EmbeddingStage(model, heads: Self.heads, digest: "d", waiting: waiting, atOnce: 1)
        let running = Task { await stage.run() }
        while await stage.scores(of: windows(["ready?"]), for: Self.asker, within: Self.patient) == .failed(.crashed) {
            await Task.yield()
        }
        model.change { $0.asked = [] }
        defer { running.cancel() }
        return try await body(stage)
    }

    private func windows(_ texts: [String]) -> [RankedWindow] {
        texts.enumerated().map { RankedWindow(.user, $1, place: $0) }
    }

    private func texts(_ range: Range<Int>) -> [String] { range.map { "window \($0)" } }

    @Test("a cold request asks for sixteen windows, and turn two for what is new")
    func turns() async throws {
        let model = Model()
        try await with(model) { stage in
            let first = await stage.scores(of: windows(texts(0..<208)), for: Self.asker, within: Self.patient)
            guard case .scored(let scores) = first else { throw Unexpected(first) }
            #expect(scores.seen == 16 && scores.cached == 0 && scores.windows.count == 208)
            #expect(scores.windows[0].map { abs($0.attack - 1) < 1e-9 } == true && scores.windows[16] == nil)
            #expect(model.asked == texts(0..<16))

            let second = await stage.scores(
                of: windows(["new"] + texts(0..<208)), for: Self.asker, within: Self.patient)
            guard case .scored(let later) = second else { throw Unexpected(second) }
            #expect(later.seen == 17 && later.cached == 16)
            #expect(model.asked == texts(0..<16) + ["new"])
        }
    }

    @Test("another tenant's windows are asked for again")
    func tenants() async {
        let model = Model()
        await with(model) { stage in
            for tenant in ["a", "b", "a"] {
                let asker = SecondStageAsker(tenant: tenant, key: "k", policy: PolicyDigest("p"))
                _ = await stage.scores(of: windows(["text"]), for: asker, within: Self.patient)
            }
            #expect(model.asked == ["text", "text"])
        }
    }

    @Test("an answer that is no vector is an error, and is not remembered")
    func malformed() async throws {
        let model = Model()
        try await with(model) { stage in
            model.change { $0.answers = [.malformed] }
            let first = await stage.scores(of: windows(["text", "more"]), for: Self.asker, within: Self.patient)
            #expect(first == .failed(.malformed))
            let second = await stage.scores(of: windows(["text"]), for: Self.asker, within: Self.patient)
            guard case .scored(let scores) = second else { throw Unexpected(second) }
            #expect(scores.cached == 0 && scores.seen == 1)
        }
    }

    @Test("a process that ends is asked again once it is back, and no more than thrice")
    func deaths() async throws {
        let model = Model()
        try await with(model) { stage in
            model.change { $0.answers = [.gone, .silent] }
            let back = await stage.scores(of: windows(["text"]), for: Self.asker, within: Self.patient)
            guard case .scored = back else { throw Unexpected(back) }
            model.change { $0.answers = [.gone, .gone, .gone] }
            let poison = await stage.scores(of: windows(["poison"]), for: Self.asker, within: Self.patient)
            #expect(poison == .failed(.crashed))
        }
    }

    @Test("requests that meet a starting process wait for it")
    func starting() async {
        let model = Model()
        await with(model) { stage in
            model.change { $0.isReady = false }
            async let waiting = stage.scores(of: windows(["text"]), for: Self.asker, within: Self.patient)
            async let late = stage.scores(
                of: windows(["text"]), for: Self.asker, within: SecondStageTerms(patience: .milliseconds(1)))
            #expect(await late == .failed(.crashed))
            model.change { $0.isReady = true }
            guard case .scored = await waiting else {
                Issue.record("a request was not served by the process that came back")
                return
            }
        }
    }

    @Test("scores of before count for nothing while the process is gone")
    func scoresOfBefore() async throws {
        let model = Model()
        try await with(model) { stage in
            guard case .scored = await stage.scores(of: windows(["text"]), for: Self.asker, within: Self.patient) else {
                throw Unexpected(.failed(.crashed))
            }
            model.change { $0.isReady = false }
            #expect(!stage.isReady)
            let gone = await stage.scores(
                of: windows(["text"]), for: Self.asker, within: SecondStageTerms(patience: .milliseconds(1)))
            #expect(gone == .failed(.crashed))
            model.change { $0.isReady = true }
            let back = await stage.scores(of: windows(["text"]), for: Self.asker, within: Self.patient)
            guard case .scored(let scores) = back else { throw Unexpected(back) }
            #expect(scores.cached == 1)
        }
    }

    @Test("a model that hangs makes requests late, and none is left unanswered")
    func hung() async {
        let model = Model()
        await with(model) { stage in
            model.change { $0.isHeld = true }
            let results = await withTaskGroup(of: SecondStageResult.self) { group in
                for index in 0..<20 {
                    let asker = SecondStageAsker(tenant: "t", key: "k\(index)", policy: PolicyDigest("p"))
                    group.addTask {
                        await stage.scores(
                            of: self.windows(["text \(index)"]), for: asker,
                            within: SecondStageTerms(patience: .milliseconds(1)))
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results == Array(repeating: .failed(.late), count: 20))
            model.change { $0.isHeld = false }
        }
    }

    @Test("a key that fills the queue is limited, and another gets in")
    func fairness() async {
        let model = Model()
        await with(model, waiting: 4) { stage in
            model.change { $0.isHeld = true }
            let greedy = Task {
                await withTaskGroup(of: SecondStageResult.self) { group in
                    for index in 0..<8 {
                        group.addTask {
                            await stage.scores(
                                of: self.windows(["greedy \(index)"]), for: Self.asker, within: Self.patient)
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
            }
            while model.asked.isEmpty { await Task.yield() }
            let other = SecondStageAsker(tenant: "t", key: "other", policy: PolicyDigest("p"))
            async let served = stage.scores(of: windows(["other"]), for: other, within: Self.patient)
            model.change { $0.isHeld = false }
            guard case .scored = await served else {
                Issue.record("another key was refused")
                return
            }
            let results = await greedy.value
            #expect(results.allSatisfy { if case .scored = $0 { true } else { $0 == .failed(.limited) } })
            #expect(results.contains { if case .scored = $0 { true } else { false } })
        }
    }

    @Test("a caller that leaves is not waited for")
    func cancelled() async {
        let model = Model()
        await with(model) { stage in
            model.change { $0.isHeld = true }
            let leaving = Task {
                await stage.scores(of: self.windows(["text"]), for: Self.asker, within: Self.patient)
            }
            while model.asked.isEmpty { await Task.yield() }
            leaving.cancel()
            #expect(await leaving.value == .failed(.cancelled))
            model.change { $0.isHeld = false }
        }
    }

    @Test("weights that were refused refuse every judgement at once, and so does a stage that has ended")
    func refused() async {
        let model = Model { $0.refusal = "not signed" }
        await with(model) { stage in
            #expect(
                await stage.scores(of: windows(["text"]), for: Self.asker, within: Self.patient) == .failed(.refused))
        }
        let stage = EmbeddingStage(Model(), heads: Self.heads, digest: "d")
        #expect(await stage.scores(of: windows(["text"]), for: Self.asker, within: Self.patient) == .failed(.crashed))
        #expect(
            await stage.scores(of: [], for: Self.asker, within: Self.patient)
                == .scored(SecondStageScores(windows: [], seen: 0, cached: 0)))
    }

    private struct Unexpected: Error, CustomStringConvertible {
        let description: String
        init(_ result: SecondStageResult) { description = "\(result)" }
    }
}
