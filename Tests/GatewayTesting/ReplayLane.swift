package import Gateway
package import NIOCore
package import Wire

/// A provider's lane without a provider: it replays a script.
package final class ReplayLane: ProviderLane, Sendable {
    package indirect enum Script: Sendable {
        /// An answer in these pieces.
        case answer(status: Int = 200, type: String = "application/json", fields: HTTPFieldList = .init(), [ByteBuffer])
        /// The pieces of another script, then this failure instead of an end.
        case breaking(LaneFailure, after: Script)
        /// The pieces of another script, then nothing more until the caller
        /// has gone.
        case hanging(after: Script)
        /// The pieces of another script, then, once the gate is open, more.
        case gated(Watched<Bool>, after: Script, then: [ByteBuffer])
        /// No answer.
        case failing(LaneFailure)
        /// Nothing until the caller has gone.
        case silent
        case attemptBased(@Sendable (Int) -> Script)
        /// An answer that depends on the request.
        case reading(@Sendable (LaneRequest) -> Script)

        package static func json(_ text: String, status: Int = 200) -> Script {
            .answer(status: status, [ByteBuffer(string: text)])
        }

        package static func events(_ pieces: [ByteBuffer]) -> Script {
            .answer(type: "text/event-stream; charset=utf-8", pieces)
        }
    }

    /// The requests, without ``LaneRequest/ending``: a list keeps none alive.
    package let requests = Watched<[LaneRequest]>([])
    /// For each of them, whether the gateway could have ended it.
    package let endable = Watched<[Bool]>([])
    /// When exchanges ended, however they did.
    package let endings = Watched<[ContinuousClock.Instant]>([])
    /// Pieces that have been asked for.
    package let taken = Watched(0)
    private let script: Watched<Script>
    private let work = Watched(false)

    /// True when the lane claims to lead to an engine at work.
    package var isAtWork: Bool {
        get { work.value }
        set { work.change { $0 = newValue } }
    }

    package init(_ script: Script) { self.script = Watched(script) }

    package func replay(_ script: Script) { self.script.change { $0 = script } }

    package func exchange<T: Sendable>(
        _ request: LaneRequest, on executor: EventLoopTaskExecutor, _ body: (any LaneResponse) async throws -> T
    ) async throws -> T {
        endable.change { $0.append(request.ending != nil) }
        let number = requests.change { requests in
            var kept = request
            kept.ending = nil
            requests.append(kept)
            return requests.count - 1
        }
        defer { endings.change { $0.append(.now) } }
        var script = script.value
        resolving: while true {
            switch script {
            case .attemptBased(let choose): script = choose(number)
            case .reading(let choose): script = choose(request)
            default: break resolving
            }
        }
        switch script {
        case .failing(let failure): throw failure
        case .silent:
            try await Self.untilEnded(request.ending)
            throw CancellationError()
        default: break
        }
        return try await body(Response(script, taken, request.ending))
    }

    /// Sleeps until the task is cancelled, or the exchange ended.
    static func untilEnded(_ ending: ExchangeEnd?) async throws {
        let sleeper = Task<Void, any Error> { while true { try await Task.sleep(for: .seconds(3600)) } }
        ending?.attach(Sleep(sleeper))
        try await withTaskCancellationHandler {
            try await sleeper.value
        } onCancel: {
            sleeper.cancel()
        }
    }

    private final class Sleep: EndableExchange {
        private let task: Task<Void, any Error>

        init(_ task: Task<Void, any Error>) { self.task = task }

        func cancel(_ exchange: Int) { task.cancel() }
    }

    private final class Response: LaneResponse {
        let head: ResponseHead
        private var pieces: ArraySlice<ByteBuffer>
        private let ending: LaneFailure?
        private let hangs: Bool
        private var gate: Watched<Bool>?
        private let behindGate: [ByteBuffer]
        private let taken: Watched<Int>
        private let end: ExchangeEnd?

        init(_ script: Script, _ taken: Watched<Int>, _ end: ExchangeEnd?) {
            self.end = end
            var script = script
            var ending: LaneFailure?
            var hangs = false
            var gate: Watched<Bool>?
            var behindGate: [ByteBuffer] = []
            while true {
                switch script {
                case .breaking(let failure, let inner): (ending, script) = (failure, inner)
                case .hanging(let inner): (hangs, script) = (true, inner)
                case .gated(let opened, let inner, let more): (gate, behindGate, script) = (opened, more, inner)
                case .answer(let status, let type, let fields, let pieces):
                    var head = ResponseHead(status: status, fields: fields)
                    if head.fields["content-type"] == nil { head.fields.append("content-type", type) }
                    self.head = head
                    self.pieces = pieces[...]
                    self.ending = ending
                    self.hangs = hangs
                    self.gate = gate
                    self.behindGate = behindGate
                    self.taken = taken
                    return
                case .failing, .silent, .attemptBased, .reading:
                    preconditionFailure("only an answer can break or hang")
                }
            }
        }

        func next(until due: NIODeadline) async throws -> LanePiece {
            // Whatever waits for a gate or for ever does so in short turns.
            while pieces.isEmpty, hangs || gate?.value == false {
                try Task.checkCancellation()
                if end?.isEnded == true { throw CancellationError() }
                guard due > .now() else { return .silence }
                try await Task.sleep(for: .milliseconds(1))
            }
            return LanePiece(try await next())
        }

        func next() async throws -> ByteBuffer? {
            try Task.checkCancellation()
            if end?.isEnded == true { throw CancellationError() }
            if pieces.isEmpty, let gate {
                self.gate = nil
                while !gate.value {
                    if end?.isEnded == true { throw CancellationError() }
                    try await Task.sleep(for: .milliseconds(1))
                }
                pieces = behindGate[...]
            }
            if let piece = pieces.popFirst() {
                taken.change { $0 += 1 }
                return piece
            }
            if hangs { try await ReplayLane.untilEnded(end) }
            if let ending { throw ending }
            return nil
        }
    }
}

extension ByteBuffer {
    /// The bytes in two pieces.
    package func cut(at offset: Int) -> [ByteBuffer] {
        [
            getSlice(at: readerIndex, length: offset)!,
            getSlice(at: readerIndex + offset, length: readableBytes - offset)!,
        ]
    }

    /// The bytes one by one.
    package var singly: [ByteBuffer] { readableBytesView.map { ByteBuffer(bytes: [$0]) } }
}
