import Conversation
import DialectOpenAI
import Failures
import Gateway
import GatewayTesting
import HoldfastServer
import Ledger
import Logging
import NIOCore
import Resilience
import Routing
import Settings
import Storage
import StorageSQLite
import StorageTesting
import Synchronization
import Testing
import Wire

/// 2026-06-12, 10:30:00 UTC.
let halfPastTen = 1_781_260_200

/// A log that keeps its lines.
final class LogLines: LogHandler, Sendable {
    private let kept = Mutex<[(level: Logger.Level, text: String)]>([])
    let metadataProvider: Logger.MetadataProvider? = nil

    var logger: Logger { Logger(label: "test", factory: { _ in self }) }

    /// Message and metadata of the lines, as severe as `level` or more.
    func lines(from level: Logger.Level = .trace) -> [String] {
        kept.withLock { $0.filter { $0.level >= level }.map(\.text) }
    }

    func log(event: LogEvent) {
        kept.withLock { $0.append((event.level, "\(event.message) \(event.metadata ?? [:])")) }
    }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
}

/// The two storages that everything durable is tested with.
enum StorageKind: CaseIterable, Sendable {
    case memory, sqlite
}

/// A storage that can be closed and opened again, as a restart does.
final class Disk {
    private let kind: StorageKind
    private let folder = ScratchFolder()
    private var storage: (any ServerStorage)?

    init(_ kind: StorageKind) { self.kind = kind }

    /// - Returns: the storage, opened anew where that is a difference; an
    ///   earlier one must not be in use any more.
    func open() throws -> any ServerStorage {
        switch kind {
        case .memory: storage = storage ?? MemoryStorage()
        case .sqlite:
            storage = nil
            storage = try SQLiteStorage(directory: folder.path)
        }
        return try #require(storage)
    }

    func close() { if kind == .sqlite { storage = nil } }
}

/// Reads settings that have no errors.
func settings(_ text: String, file: String = "holdfast.yaml") throws -> Settings {
    let reading = Settings.read(Array(text.utf8), file: file, environment: [:])
    return try #require(reading.settings, "\(reading.errors)")
}

/// The JSON of an entry, as `holdfast ledger show --json` prints it.
func text(_ entry: LedgerEntry) -> String {
    EntryText(entry.bytes).map { String(decoding: $0.json, as: UTF8.self) } ?? "no entry"
}

/// The value of a member, as JSON; nil where there is no such member.
func member(_ name: String, of text: String) throws -> String? {
    let root = try JSONDocument(text).root
    return root.members.first { $0.name.string == name }?.value.fragment.text
}

/// The names of an object's members, in their order.
func memberNames(of text: String) throws -> [String] {
    try JSONDocument(text).root.members.compactMap { $0.name.string }
}

/// A gateway before two providers, `first` and `second`, on a clock that is
/// set by hand. The route `talk` has a candidate at both, `alone` has one at
/// `second` only.
struct House: Sendable {
    /// Seconds since 1970.
    let clock: Watched<Int>
    let first = ReplayLane(.json(House.answer))
    let second = ReplayLane(.json(House.answer))
    let gateway: Gateway
    private let front: TestGateway

    static let answer =
        "{\"id\":\"1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":"
        + "{\"role\":\"assistant\",\"content\":\"the answer\"},\"finish_reason\":\"stop\"}],\"usage\":"
        + "{\"prompt_tokens\":11,\"completion_tokens\":3,\"total_tokens\":14}}"

    static let firstPlace = Target(provider: "first", host: "one.example:443", credential: "key-1", model: "m")
    static let secondPlace = Target(provider: "second", host: "two.example:443", credential: "key-2", model: "m")

    /// - Parameters:
    ///   - credential: the fingerprint of the first provider's key.
    ///   - continuity: nil is one that remembers nothing.
    init(
        clock: Watched<Int> = Watched(halfPastTen), credential: String = "key-1",
        recorder: any RequestRecorder = RecordBook(), keeper: any ContinuityKeeper = ForgetfulKeeper(),
        continuity: Continuity? = nil, auditRecorder: (any AuditRecorder)? = nil, routes: [Route] = []
    ) {
        self.clock = clock
        let facts = [
            ProviderFacts(
                name: "first", dialect: .openai, lab: "lab-a", host: "one", region: "eu", models: .listed(["m"])),
            ProviderFacts(name: "second", dialect: .openai, host: "two", models: .listed(["m"])),
        ]
        let dialect = OpenAIDialect(now: { 1_700_000_000 })
        front = TestGateway(
            providers: [
                Provider(
                    name: "first", dialect: dialect, lane: first, embeddings: .served(dialect),
                    host: "one.example:443", credential: credential),
                Provider(
                    name: "second", dialect: dialect, lane: second, embeddings: .served(dialect),
                    host: "two.example:443", credential: "key-2"),
            ], facts: facts,
            routes: [
                Route(name: "talk", candidates: facts.map { $0.candidate(model: "m") }),
                Route(name: "alone", candidates: [facts[1].candidate(model: "m")]),
            ] + routes)
        let now = House.moments(clock)
        gateway = Gateway(
            front.gateway.state, keys: front.keys, records: RequestRecords(log: recorder, audit: auditRecorder),
            continuity: continuity ?? Continuity(keeper: keeper, jitter: { .zero }, clock: now),
            disclosures: DisclosureBook(clock: { clock.value }))
    }

    /// Both clocks, set by one.
    static func moments(_ clock: Watched<Int>) -> @Sendable () -> Moment {
        { Moment(tick: .seconds(clock.value), unix: clock.value) }
    }

    var now: Moment { gateway.continuity.now }
    var book: HealthBook { gateway.continuity.book }

    /// Asks for a chat's answer.
    @discardableResult
    func ask(_ model: String = "talk", _ content: String = "hello", id: String = "req_1") async -> CollectedReply {
        await send(#"{"model":"\#(model)","messages":[{"role":"user","content":"\#(content)"}]}"#, id: id)
    }

    @discardableResult
    func send(_ body: String, id: String = "req_1") async -> CollectedReply {
        let call = Call(
            id: id, operation: .chat, door: OpenAIDialect(now: { 1_700_000_000 }), principal: front.principal(),
            body: ByteBuffer(string: body), executor: front.executor, arrived: .now())
        let reply = CollectedReply()
        let gateway = gateway
        await Task(executorPreference: front.executor) { await gateway.serve(call, reply: reply) }.value
        return reply
    }
}

extension HealthBook {
    /// Has a request find a model withdrawn, in a provider's words.
    func noteWithdrawal(at place: Target, now: Moment) throws -> HealthNews {
        let verdict = Verdict(
            .withdrawn, .model, evidence: .explicit, rule: "model-gone", words: "has been retired", status: 404)
        var report = FailureReport(Judgement(verdict, memory: verdict), status: 404, probe: .whole)
        report.everAnswered = true
        report.mark = RequestMark(key: "key", digest: 1)
        report.mayProbe = true
        report.isKnownModel = true
        return failed(try #require(enter(place, for: "key", now: now)), report, now: now)
    }

    /// Has a request and the probe after it find a model withdrawn.
    /// - Returns: all changes, in order.
    func confirmWithdrawal(at place: Target, now: Moment) throws -> [HealthChange] {
        let news = try noteWithdrawal(at: place, now: now)
        let verdict = Verdict(
            .withdrawn, .model, evidence: .explicit, rule: "model-gone", words: "has been retired", status: 404)
        return news.changes + probed(try #require(news.probes.first), .failed(verdict, status: 404), now: now)
    }
}

extension Hold {
    /// A withdrawn model, confirmed, unless it is changed.
    static func example(_ change: (inout Hold) -> Void = { _ in }) -> Hold {
        var hold = Hold(
            id: "a1", ground: .failure(.withdrawn), scope: .model, host: "one.example:443", credential: "", model: "m",
            provider: "first", firmness: .lasting, origin: .traffic, name: "withdrawn", since: halfPastTen,
            words: "has been retired", rule: "model-gone", status: 404)
        change(&hold)
        return hold
    }

    /// One by hand.
    static let byHand = Hold(
        id: "b2", ground: .byHand, scope: .model, host: "one.example:443", credential: "", model: "m",
        provider: "first", firmness: .lasting, origin: .administrator, name: "held_by_hand", since: halfPastTen,
        rule: "by hand", acknowledgedBy: "ann", reason: "an audit")
}
