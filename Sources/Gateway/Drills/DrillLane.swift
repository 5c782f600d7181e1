import Conversation
import Drills
import Failures
import NIOCore
import Resilience
import Synchronization
import Wire

/// A provider's lane while a drill watches it: while its candidate is pulled,
/// it says what a provider would say.
final class DrillLane: ProviderLane {
    private let rehearsal: Rehearsal
    private let provider: Provider
    private let dialect: any ProviderProtocol
    private let streams: Bool
    /// A probe finds the candidate as pulled as it is, also where streams are
    /// only pulled in their middle.
    private let isProbe: Bool
    private let hasInjected = Atomic<Bool>(false)

    /// True when the drill caused the outcome.
    var didInject: Bool { hasInjected.load(ordering: .acquiring) }

    /// - Parameter dialect: The API of the exchange; nil for the one of
    ///   Holdfast's own requests.
    init(
        _ rehearsal: Rehearsal, before provider: Provider, speaking dialect: (any ProviderProtocol)? = nil,
        streams: Bool, isProbe: Bool = false
    ) {
        self.dialect = dialect ?? provider.dialect
        self.isProbe = isProbe
        self.rehearsal = rehearsal
        self.provider = provider
        self.streams = streams
    }

    private func inject() { hasInjected.store(true, ordering: .releasing) }

    func exchange<T: Sendable>(
        _ request: LaneRequest, on executor: EventLoopTaskExecutor, _ body: (any LaneResponse) async throws -> T
    ) async throws -> T {
        let order = rehearsal.order
        if rehearsal.isPulling, order.atToken == nil || isProbe {
            inject()
            let signature = Signature.of(order.cause, in: dialect.errorVocabulary, model: order.model)
            switch signature.form {
            case .unreachable: throw LaneFailure.unreachable("a drill has pulled it")
            case .silent:
                try await untilGivenUp(request)
                throw LaneFailure.firstByteTimeout
            case .cleanEnd:
                var head = ResponseHead(status: 200)
                head.fields.append(
                    "content-type", streams ? dialect.framing.contentType : "application/json")
                return try await body(MadeUpResponse(head, []))
            case .answer(let status, let fields, let bytes):
                var head = ResponseHead(status: status, fields: fields)
                head.fields.append("content-type", "application/json")
                return try await body(MadeUpResponse(head, [bytes]))
            }
        }
        guard streams, !isProbe, order.atToken != nil || order.cuts else {
            return try await provider.lane.exchange(request, on: executor, body)
        }
        return try await provider.lane.exchange(request, on: executor) { response in
            try await body(PulledResponse(response, self.rehearsal, self.dialect) { self.inject() })
        }
    }

    /// As long as nobody who waits for a byte would wait longer.
    private func untilGivenUp(_ request: LaneRequest) async throws {
        let limit = request.limits.firstByte ?? provider.firstByte
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end, rehearsal.isPulling {
            if request.ending?.isEnded == true { throw CancellationError() }
            try await Task.sleep(for: min(.milliseconds(20), ContinuousClock.now.duration(to: end)))
        }
    }
}

/// The answer that a drill sends in a provider's place.
private final class MadeUpResponse: LaneResponse {
    let head: ResponseHead
    private var pieces: [ByteBuffer]

    init(_ head: ResponseHead, _ pieces: [ByteBuffer]) {
        self.head = head
        self.pieces = pieces
    }

    func next() async throws -> ByteBuffer? {
        try Task.checkCancellation()
        return pieces.isEmpty ? nil : pieces.removeFirst()
    }

    func next(until due: NIODeadline) async throws -> LanePiece { LanePiece(try await next()) }
}

/// A provider's own stream, until it is pulled.
private final class PulledResponse: LaneResponse {
    private let response: any LaneResponse
    private let rehearsal: Rehearsal
    private let dialect: any ProviderProtocol
    private let inject: () -> Void
    private var parser: FrameParser
    private var watcher: any StreamWatcher
    /// Events that a caller would read.
    private var tokens = 0
    private var held = ByteBuffer()
    /// The bytes that are still to be sent before the response ends.
    private var lastWords: ByteBuffer?
    private var isPulled = false

    init(
        _ response: any LaneResponse, _ rehearsal: Rehearsal, _ dialect: any ProviderProtocol,
        inject: @escaping () -> Void
    ) {
        self.response = response
        self.rehearsal = rehearsal
        self.dialect = dialect
        self.inject = inject
        parser = FrameParser(dialect.framing)
        watcher = dialect.makeStreamWatcher()
    }

    var head: ResponseHead { response.head }
    var wantsProgress: Bool { response.wantsProgress }
    func noteProgress() { response.noteProgress() }

    func next() async throws -> ByteBuffer? {
        while true {
            if isPulled { return try await end() }
            guard let bytes = try await response.next() else { return nil }
            if let ready = pass(bytes) { return ready }
        }
    }

    func next(until due: NIODeadline) async throws -> LanePiece {
        while true {
            if isPulled { return LanePiece(try await end()) }
            let piece = try await response.next(until: due)
            guard case .bytes(let bytes) = piece else { return piece }
            if let ready = pass(bytes) { return .bytes(ready) }
        }
    }

    /// - Returns: The bytes that go on; nil if there are none.
    private func pass(_ bytes: ByteBuffer) -> ByteBuffer? {
        let order = rehearsal.order
        guard order.atToken != nil || rehearsal.isPulling else { return bytes }
        guard order.atToken != nil else {
            // Under way when it was pulled.
            pull()
            return nil
        }
        return upToToken(bytes)
    }

    /// - Returns: The bytes that come before the cut; nil if there are none.
    private func upToToken(_ bytes: ByteBuffer) -> ByteBuffer? {
        held.hold(bytes)
        parser.feed(bytes)
        var ready = 0
        while let event = try? parser.next() {
            if let most = rehearsal.order.atToken, tokens >= most, rehearsal.isPulling, !watcher.observation.hasFinished
            {
                pull()
                break
            }
            watcher.observe(event)
            if watcher.observation.hasContent { tokens += 1 }
            ready = held.readableBytes - parser.unfinishedBytes
        }
        return ready > 0 ? held.readSlice(length: ready) : nil
    }

    private func pull() {
        isPulled = true
        inject()
        guard !rehearsal.order.cuts else { return }
        lastWords = Signature.event(
            rehearsal.order.cause, in: dialect.errorVocabulary, model: rehearsal.order.model)
    }

    private func end() async throws -> ByteBuffer? {
        if let words = lastWords {
            lastWords = nil
            return words
        }
        if rehearsal.order.cuts { throw LaneFailure.cut }
        switch rehearsal.order.cause {
        case .silent: throw LaneFailure.stalled
        case .unreachable: throw LaneFailure.cut
        default: return nil
        }
    }
}
