import Gateway
import NIOCore
import Resilience
import Synchronization
import Veto

/// The questions of Holdfast's own about models: canaries, and signs of life
/// of what a suspension has removed. Each is asked in a task of its own.
final class ModelQuestions: Sendable {
    /// A question that is due.
    struct Due: Sendable, Hashable {
        var candidate: String
        /// Nil asks for a sign of life.
        var canary: Canary?
        /// The suspension whose gate asks; nil where none covers it.
        var gate: Int?
    }

    private struct Key: Hashable {
        var candidate: String
        var canary: Canary?
    }

    private struct Asked {
        var began: UInt64
        var gate: Int?
        var isUnderWay = false
    }

    /// An answer of a model to a sign of life.
    private struct Sign {
        var time: Int
        var isAnswer: Bool
    }

    private struct Memory {
        var asked: [Key: Asked] = [:]
        var canaries: [Key: CanaryFacts] = [:]
        /// By candidate and suspension.
        var signs: [Key: (gate: Int, all: [Sign])] = [:]
    }

    /// Seconds between two requests of a gate.
    private static let gateEvery = 5
    private static let mostSigns = 5_000

    private let gateway: Gateway
    private let executor: EventLoopTaskExecutor
    private let memory = Mutex(Memory())

    init(gateway: Gateway, executor: EventLoopTaskExecutor) {
        self.gateway = gateway
        self.executor = executor
    }

    /// The last answer to a canary.
    func facts(of candidate: String, _ canary: Canary) -> CanaryFacts {
        memory.withLock { $0.canaries[Key(candidate: candidate, canary: canary)] } ?? .none("nobody has asked it yet")
    }

    /// The signs of life since a suspension began, no older than a time.
    func signs(of candidate: String, gate: Int, since: Int) -> AnsweredFacts {
        let all = memory.withLock { memory -> [Sign] in
            guard let known = memory.signs[Key(candidate: candidate)], known.gate == gate else { return [] }
            return known.all.filter { $0.time >= since }
        }
        return AnsweredFacts(
            requests: all.count, answered: all.count(where: \.isAnswer), source: .probes, newest: all.last?.time)
    }

    /// Notes that a question begins, if it is due.
    /// - Returns: false where it isn't, or is under way.
    func begin(_ due: Due, at now: VetoTime) -> Bool {
        let key = Key(candidate: due.candidate, canary: due.canary)
        let every = due.gate != nil ? Self.gateEvery : due.canary?.every ?? Self.gateEvery
        return memory.withLock { memory in
            if let known = memory.asked[key] {
                if known.isUnderWay { return false }
                // A gate doesn't wait for the turn of a canary.
                if known.gate == due.gate, now.boot < known.began + UInt64(every) * 1_000_000_000 { return false }
            }
            memory.asked[key] = Asked(began: now.boot, gate: due.gate, isUnderWay: true)
            return true
        }
    }

    /// Asks one question that has begun.
    /// - Parameter clock: seconds since 1970.
    func ask(_ due: Due, clock: @Sendable () -> Int) async {
        let key = Key(candidate: due.candidate, canary: due.canary)
        defer { memory.withLock { $0.asked[key]?.isUnderWay = false } }
        guard let canary = due.canary else { return await askForSign(due, key, clock: clock) }
        let answer = await gateway.ask(
            due.candidate, Question(canary.prompt, tokens: canary.tokens, gate: due.gate), on: executor)
        let time = clock()
        memory.withLock { memory in
            switch answer {
            case .text(let text): memory.canaries[key] = .answered(asExpected: canary.isMet(by: text), at: time)
            case .none(let reason):
                // A model that is down has not unlearnt what it got wrong.
                if case .answered(false, _)? = memory.canaries[key] { return }
                memory.canaries[key] = CanaryFacts.none(reason)
            }
        }
    }

    private func askForSign(_ due: Due, _ key: Key, clock: @Sendable () -> Int) async {
        guard let gate = due.gate else { return }
        let answer = await gateway.askAsGate(due.candidate, number: gate, on: executor)
        let isAnswer: Bool
        switch answer.result {
        case .answered: isAnswer = true
        case .failed: isAnswer = false
        case .inconclusive, .impossible: return
        }
        let sign = Sign(time: clock(), isAnswer: isAnswer)
        memory.withLock { memory in
            if memory.signs[key]?.gate != gate { memory.signs[key] = (gate, []) }
            memory.signs[key]?.all.append(sign)
            let extra = (memory.signs[key]?.all.count ?? 0) - Self.mostSigns
            if extra > 0 { memory.signs[key]?.all.removeFirst(extra) }
        }
    }
}
