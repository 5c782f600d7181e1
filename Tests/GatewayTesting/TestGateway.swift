package import Access
import Extraction
package import Conversation
package import Gateway
package import NIOCore
import NIOPosix
import Resilience
package import Routing
package import Wire

/// A gateway with its surroundings made up.
package final class TestGateway: Sendable {
    package let gateway: Gateway
    package let book = RecordBook()
    package let keys: KeyRing
    package let executor: EventLoopTaskExecutor

    package static let key = "hf_a-key-of-the-tests"
    /// Long before any time that tests name.
    package static let year2020 = UnixTime(seconds: 1_577_836_800)

    package init(
        providers: [Provider], facts: [ProviderFacts], routes: [Route], aliases: [RouteAlias] = [],
        keys: [KeyRecord] = [TestGateway.record()], serverKeys: ServerKeys = ServerKeys(),
        limits: GatewayLimits = GatewayLimits(), continuity: Continuity = TestGateway.continuity(),
        disclosures: DisclosureBook = DisclosureBook(clock: { 1_577_836_800 }), pool: (any WorkerPool)? = nil,
        audit: (any AuditRecorder)? = nil, stages: OptionalStages = OptionalStages(),
        on eventLoop: (any EventLoop)? = nil
    ) {
        self.keys = KeyRing(keys, serverKeys: serverKeys, now: .now)
        let state = GatewayState(
            routes: RouteTable(providers: facts, routes: routes, aliases: aliases),
            providers: Dictionary(uniqueKeysWithValues: providers.map { ($0.name, $0) }))
        gateway = Gateway(
            state, keys: self.keys, records: RequestRecords(log: book, audit: audit), continuity: continuity,
            disclosures: disclosures, options: GatewayOptions(limits: limits, pool: pool, stages: stages))
        executor = EventLoopTaskExecutor(eventLoop ?? Self.loops.next())
    }

    /// Memory that keeps nothing on disk and runs on the machine's clock.
    package static func continuity(keeper: any ContinuityKeeper = ForgetfulKeeper()) -> Continuity {
        let start = ContinuousClock.now
        return Continuity(keeper: keeper, jitter: { .zero }) {
            let tick = start.duration(to: .now)
            return Moment(tick: tick, unix: 1_577_836_800 + Int(tick.components.seconds))
        }
    }

    /// Apart from the loops of servers and clients, which have to be quick.
    private static let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)

    /// A key as it stands in a key file.
    package static func record(
        _ key: String = TestGateway.key, routes: Set<String>? = nil, limits: RateLimits = RateLimits(),
        residency: [String]? = nil, admin: Bool = false, expires: UnixTime? = nil, revoked: UnixTime? = nil,
        disclosures: Disclosures = Disclosures()
    ) -> KeyRecord {
        KeyRecord(
            name: "tests", digest: KeyDigest(of: key), tenant: "tenant", routes: routes, admin: admin, limits: limits,
            residency: residency, disclosures: disclosures, created: year2020, expires: expires, revoked: revoked)
    }

    package func principal(_ key: String = TestGateway.key) -> Principal {
        guard case .granted(let principal) = keys.authenticate(key, now: TestGateway.year2020) else {
            preconditionFailure("no key of this house")
        }
        return principal
    }

    package func call(
        _ body: String, door: any CallerProtocol, operation: Call.Operation = .chat,
        path: CalledPath = CalledPath(), key: String = TestGateway.key,
        fields: HTTPFieldList = .init(), query: String = ""
    ) -> Call {
        Call(
            id: "req_test", operation: operation, door: door, path: path, principal: principal(key), fields: fields,
            query: query,
            body: ByteBuffer(string: body), executor: executor, arrived: .now())
    }

    /// Serves a call to its end.
    /// - Returns: The reply that the caller received.
    @discardableResult
    package func serve(_ call: Call, reply: CollectedReply = CollectedReply()) async -> CollectedReply {
        let gateway = gateway
        await Task(executorPreference: executor) { await gateway.serve(call, reply: reply) }.value
        return reply
    }
}
