import Access
import Conversation
import DialectAnthropic
import DialectOpenAI
import FrontDoor
import Gateway
import GatewayTesting
import Logging
import NIOCore
import NIOPosix
import Routing
import ServiceLifecycle
import Testing
import Wire

/// A listener on a real socket before a gateway whose provider is made up.
struct TestFrontDoor: Sendable {
    let house: TestGateway
    /// The lane of `oa`, which the route `r` leads to.
    let lane: ReplayLane
    let port: Int
    let services: ServiceGroup
    let listener: Listener

    static let reply =
        "{\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}}"
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    static let body = "{\"model\":\"r\",\"messages\":[]}"
    static let streaming = "{\"model\":\"r\",\"messages\":[],\"stream\":true}"
    static let event = ByteBuffer(string: "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n")
    static let end = ByteBuffer(string: "data: [DONE]\n\n")
    static let chat = "/v1/chat/completions"

    static func with(
        _ script: ReplayLane.Script = .json(reply), keys: [KeyRecord] = [TestGateway.record()],
        serverKeys: ServerKeys = ServerKeys(), unproven: UnprovenBodies = UnprovenBodies(bodies: 64 << 20),
        limits change: (inout ConnectionLimits) -> Void = { _ in }, view: HouseView = HouseView(unready: { [] }),
        origins: OriginRules = OriginRules(), unread: UnreadAnswers = UnreadAnswers(limit: 64 << 20, minimumRate: 1024),
        pool: (any WorkerPool)? = nil, stages: OptionalStages = OptionalStages(), more doors: [Door] = [],
        usesCallersCredential: Bool = false,
        _ body: (TestFrontDoor) async throws -> Void
    ) async throws {
        let lane = ReplayLane(script)
        let facts = [
            ProviderFacts(name: "oa", dialect: .openai, models: .listed(["m", "sla/shed"]))
        ]
        let openai = OpenAIDialect(now: { 1 })
        let anthropic = AnthropicDialect()
        let provider = Provider(
            name: "oa", dialect: openai, lane: lane, embeddings: .served(openai),
            usesCallersCredential: usesCallersCredential)
        let house = TestGateway(
            providers: [provider], facts: facts,
            routes: [Route(name: "r", candidates: [facts[0].candidate(model: "m")])],
            keys: keys, serverKeys: serverKeys, pool: pool, stages: stages)
        let reception = Doors(
            house.gateway, standard: Door(openai, embeddings: openai, models: openai),
            others: [Door(anthropic, tokenCounts: anthropic, models: anthropic)] + doors, view: view,
            origins: OriginPolicy(origins), unproven: unproven, time: { TestGateway.year2020 })
        var limits = ConnectionLimits()
        limits.body = 100_000
        // No connection ends by a limit, unless the test is about that limit.
        limits.requestTimeout = never
        limits.idleTimeout = never
        limits.writeTimeout = never
        limits.swallowTimeout = never
        change(&limits)
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        let port = Watched<Int?>(nil)
        let listener = Listener(reception, limits: limits, unread: unread, eventLoops: Array(group.makeIterator()))
        let service = try listener.service(
            host: "127.0.0.1", port: 0, tls: nil, group: group, logger: logger,
            onRunning: { channel in port.change { $0 = channel.localAddress?.port } })
        let services = ServiceGroup(
            configuration: .init(services: [.init(service: service)], logger: logger))
        let running = Task { try await services.run() }
        let bound = try await port.until("the listener") { $0 != nil }!
        let result: Result<Void, any Error>
        do {
            let front = TestFrontDoor(house: house, lane: lane, port: bound, services: services, listener: listener)
            result = .success(try await body(front))
        } catch {
            result = .failure(error)
        }
        running.cancel()
        _ = await running.result
        try result.get()
    }

    func client<T>(_ body: (RawClient) async throws -> T) async throws -> T { try await RawClient.with(port, body) }

    /// Waits for the end of that exchange with the provider.
    func ended(_ count: Int = 1) async throws {
        try await lane.endings.until("the end of an exchange") { $0.count >= count }
    }

    var record: FinishedRecord? { house.book.last }
}

extension RawClient {
    /// Takes the next answer, which is to have that status.
    @discardableResult
    func expect(
        _ status: Int, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Answer {
        let answer = try await answer()
        #expect(answer.status == status, comment, sourceLocation: sourceLocation)
        return answer
    }
}
