import Access
import Conversation
import CoreMetrics
import DialectAnthropic
import DialectOpenAI
import Failures
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Telemetry
import Wire

/// The API that the callers of a test speak.
enum Speech: String, CaseIterable, Sendable, CustomStringConvertible {
    case openai, anthropic
    var description: String { rawValue }

    var dialect: any CallerProtocol & ProviderProtocol {
        switch self {
        case .openai: OpenAIDialect(now: { 1_700_000_000 })
        case .anthropic: AnthropicDialect()
        }
    }

    /// A plain request.
    func request(_ model: String, stream: Bool = false, extra: String = "") -> String {
        let start = "{\"model\":\"\(model)\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],\"max_tokens\":50"
        return start + (stream ? ",\"stream\":true" : "") + extra + "}"
    }
}

/// A gateway before one provider of each kind: `oa`, `an` and `en`, with a
/// route to each: `to-oa`, `to-an` and `to-en`.
struct Trio: Sendable {
    let house: TestGateway
    let openai: ReplayLane
    let anthropic: ReplayLane
    let engine: ReplayLane

    static let registry: PrometheusRegistry = {
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        return registry
    }()

    init(
        _ script: ReplayLane.Script = .silent, keys: [KeyRecord] = [TestGateway.record()], routes: [Route] = [],
        limits: GatewayLimits = GatewayLimits(), model: String = "m", secrets: SecretMask = .none,
        choices: CallerChoices = [], pinned: Set<String> = []
    ) {
        _ = Self.registry
        openai = ReplayLane(script)
        anthropic = ReplayLane(script)
        engine = ReplayLane(script)
        let facts = [
            ProviderFacts(name: "oa", dialect: .openai, region: "us"),
            ProviderFacts(name: "an", dialect: .anthropic, region: "eu"),
            ProviderFacts(name: "en", dialect: .engine, models: .listed([model])),
            ProviderFacts(name: "off", dialect: .openai, unavailable: "its key variable is not set"),
        ]
        let providers = [
            Provider(
                name: "oa", dialect: OpenAIDialect(now: { 1_700_000_000 }), lane: openai,
                embeddings: .served(OpenAIDialect(now: { 1_700_000_000 })), secrets: secrets, choices: choices,
                pinned: pinned),
            Provider(
                name: "an", dialect: AnthropicDialect(), lane: anthropic, embeddings: .none("Anthropic has none"),
                secrets: secrets, choices: choices, pinned: pinned),
            Provider(
                name: "en", dialect: EngineDialect(now: { 1_700_000_000 }), lane: engine,
                embeddings: .none("set `embeddings: mean` for it")),
        ]
        // Nobody else could serve: a rate limit is told, not waited for.
        var impatient = RoutePolicy()
        impatient.patience = .zero
        let standard = facts.prefix(3).map {
            Route(name: "to-\($0.name)", candidates: [$0.candidate(model: model)], policy: impatient)
        }
        house = TestGateway(providers: providers, facts: facts, routes: standard + routes, keys: keys, limits: limits)
    }

    func lane(_ provider: String) -> ReplayLane {
        switch provider {
        case "oa": openai
        case "an": anthropic
        default: engine
        }
    }

    /// Serves one request, to its end.
    @discardableResult
    func serve(
        _ body: String, _ speech: Speech = .openai, operation: Call.Operation = .chat, key: String = TestGateway.key,
        fields: HTTPFieldList = .init(), query: String = "", reply: CollectedReply = CollectedReply()
    ) async -> CollectedReply {
        let call = house.call(body, door: speech.dialect, operation: operation, key: key, fields: fields, query: query)
        return await house.serve(call, reply: reply)
    }

    var record: FinishedRecord { house.book.last! }
}

/// Answers as the providers give them.
enum Sample {
    static let openaiReply =
        "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"served\",\"choices\":[{\"index\":0,"
        + "\"message\":{\"role\":\"assistant\",\"content\":\"Hi!\"},\"finish_reason\":\"stop\",\"logprobs\":null}],"
        + "\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":3,\"total_tokens\":14},\"x_unknown\":{\"a\":[1, 2]}}"
    static let anthropicReply =
        "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"served\",\"content\":[{\"type\":\"text\","
        + "\"text\":\"Hi!\"}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":11,"
        + "\"output_tokens\":3},\"x_unknown\":true}"

    static func reply(_ provider: String) -> String { provider == "an" ? anthropicReply : openaiReply }

    static let openaiStream = [
        #"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"served","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
        #"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"served","choices":[{"index":0,"delta":{"content":"Hé"},"finish_reason":null}]}"#,
        #": a comment"#,
        #"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"served","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}"#,
        #"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"served","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}}]},"finish_reason":null}]}"#,
        #"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"served","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        #"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"served","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":3,"total_tokens":14}}"#,
        "data: [DONE]",
    ].map { $0 + "\n\n" }

    static let anthropicStream = [
        #"message_start", "message":{"id":"msg_1","type":"message","role":"assistant","model":"served","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":1}}}"#,
        #"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        #"ping"}"#,
        #"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hé"}}"#,
        #"content_block_stop","index":0}"#,
        #"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}"#,
        #"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#,
        #"content_block_stop","index":1}"#,
        #"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":3}}"#,
        #"message_stop"}"#,
    ].map { line in
        let name = line.prefix { $0 != "\"" }
        return "event: \(name)\ndata: {\"type\":\"\(line)\n\n"
    }

    static func stream(_ provider: String, lineEnd: String = "\n") -> ByteBuffer {
        let text = (provider == "an" ? anthropicStream : openaiStream).joined()
        guard lineEnd != "\n" else { return ByteBuffer(string: text) }
        return ByteBuffer(bytes: text.utf8.flatMap { $0 == 0x0A ? Array(lineEnd.utf8) : [$0] })
    }
}

/// The events of a caller's stream.
struct Events {
    var events: [Frame] = []
    /// True when the bytes end between two events.
    var endsClean = true

    init(_ bytes: ByteBuffer) throws {
        var parser = SSEParser()
        parser.feed(bytes)
        while let event = try parser.next() { events.append(event) }
        endsClean = parser.unfinishedBytes == 0
    }

    /// The number of events that say that the answer is whole.
    var terminals: Int {
        events.count { event in
            event.name == "message_stop" || event.data == ByteBuffer(string: "[DONE]")
        }
    }

    var errors: Int {
        events.count { event in
            event.name == "error" || (try? JSONDocument(event.data).root["error"]) != nil
        }
    }

    /// True when the last event is an error.
    var endsWithError: Bool {
        guard let last = events.last else { return false }
        return last.name == "error" || (try? JSONDocument(last.data).root["error"]) != nil
    }
}

/// A way to ask for a prompt's size, whose estimate is always the same.
struct MadeUpCount: TokenCountCaller {
    let dialect: any CallerProtocol
    let estimate: Int

    var tokenCountAddresses: [CallerAddress] { [CallerAddress("/count")] }

    func decodeCountTokens(_ document: JSONDocument, at path: CalledPath) throws(APIProblem) -> ChatRequest {
        try dialect.decodeChat(document, at: path)
    }

    func estimateTokens(_ request: ChatRequest) -> Int { estimate }
    func encodeTokenCount(_ tokens: Int) -> ByteBuffer { ByteBuffer(string: "{\"input_tokens\":\(tokens)}") }
}
