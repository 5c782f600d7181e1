import Access
import Conversation
import DialectAnthropic
import DialectOpenAI
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Routing
import Wire

/// A gateway with one route, `talk`, whose candidates each speak a dialect
/// and follow a script.
struct Relayers {
    enum Kind: String, CaseIterable, Sendable {
        case openai, anthropic, engine

        var dialect: any ProviderProtocol {
            switch self {
            case .openai: OpenAIDialect(now: { 1_700_000_000 })
            case .anthropic: AnthropicDialect()
            case .engine: EngineDialect(now: { 1_700_000_000 })
            }
        }
        /// The form of its answers.
        var speech: Speech { self == .anthropic ? .anthropic : .openai }
        var name: DialectName { dialect.name }
    }

    let house: TestGateway
    let lanes: [ReplayLane]

    init(
        _ candidates: [(kind: Kind, script: ReplayLane.Script)], prefill: Bool = true,
        continuity: Continuity = TestGateway.continuity(), policy: RoutePolicy = RoutePolicy(),
        aliases: [RouteAlias] = [], audit: (any AuditRecorder)? = nil, stages: OptionalStages = OptionalStages()
    ) {
        var providers: [Provider] = []
        var facts: [ProviderFacts] = []
        var lanes: [ReplayLane] = []
        for (number, candidate) in candidates.enumerated() {
            let lane = ReplayLane(candidate.script)
            lanes.append(lane)
            var usual = Capabilities.usual(for: candidate.kind.name)
            if prefill { usual.insert(.prefill) } else { usual.remove(.prefill) }
            facts.append(ProviderFacts(name: "p\(number)", dialect: candidate.kind.name, capabilities: usual))
            providers.append(
                Provider(
                    name: "p\(number)", dialect: candidate.kind.dialect, lane: lane, embeddings: .none("it has none"),
                    host: "host-\(number)", credential: "key-\(number)"))
        }
        let route = Route(name: "talk", candidates: facts.map { $0.candidate(model: "m-\($0.name)") }, policy: policy)
        self.lanes = lanes
        house = TestGateway(
            providers: providers, facts: facts, routes: [route], aliases: aliases, continuity: continuity, audit: audit,
            stages: stages)
    }

    func ask(_ speech: Speech, extra: String = "") async -> Heard {
        let reply = await house.serve(
            house.call(speech.request("talk", stream: true, extra: extra), door: speech.dialect))
        return Heard(reply, speech)
    }
}

/// A stream as its caller understands it.
struct Heard {
    var text = ""
    var starts: [String] = []
    var finishes: [FinishReason] = []
    var usage: Usage?
    var calls: [(name: String, arguments: String)] = []
    var terminals = 0
    var errors = 0
    var isWhole = false
    /// The reason why no caller could read the stream.
    var problem: String?

    init(_ reply: CollectedReply, _ speech: Speech) {
        let told = reply.told
        isWhole = told.isWhole && told.offences.isEmpty && !told.isAborted
        guard reply["content-type"]?.hasPrefix("text/event-stream") == true else { return }
        do {
            let events = try Events(told.body)
            terminals = events.terminals
            errors = events.errors
            if !events.endsClean { problem = "it ends inside an event" }
            var decoder = speech.dialect.makeStreamDecoder()
            var decoded: [StreamEvent] = []
            for event in events.events { try decoder.decode(event, into: &decoded) }
            for event in decoded { note(event) }
        } catch {
            problem = "\(error)"
        }
    }

    private mutating func note(_ event: StreamEvent) {
        switch event {
        case .started(let id, _, _): starts.append(id)
        case .text(_, let text): self.text += text
        case .finished(_, let reason, _): finishes.append(reason)
        case .usage(let usage): self.usage = usage
        case .toolCallStarted(_, _, _, let name): calls.append((name, ""))
        case .toolCallArguments(_, let call, let fragment):
            guard calls.indices.contains(call) else { return problem = "arguments of no call" }
            calls[call].arguments += fragment
        default: break
        }
    }

    /// An answer that a caller takes for whole.
    var looksWhole: Bool { terminals > 0 }
}

/// A model that knows one text by heart, and goes on with it from wherever
/// it is asked to.
struct Reciter: Sendable {
    var kind: Relayers.Kind
    var text: String
    var id: String

    /// Returns the answer to a request, as bytes.
    func bytes(_ request: LaneRequest) -> ByteBuffer {
        var said = ""
        if let root = try? JSONDocument(request.body).root, let messages = root["messages"] {
            for message in messages.elements where message["role"]?.isString("assistant") == true {
                said = Self.words(of: message["content"])
            }
        }
        let rest = text.unicodeScalars.dropFirst(said.unicodeScalars.count)
        guard text.unicodeScalars.starts(with: said.unicodeScalars) else { return stream("<not said: \(said)>") }
        return stream(String(String.UnicodeScalarView(rest)))
    }

    private static func words(of content: JSONView?) -> String {
        if let text = content?.string { return text }
        return content?.elements.map { $0["text"]?.string ?? "" }.joined() ?? ""
    }

    /// The events of a whole answer, in pieces of four characters.
    func stream(_ text: String) -> ByteBuffer {
        var events: [StreamEvent] = [.started(id: id, model: "m-\(id)", created: 5)]
        var piece = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            piece.append(scalar)
            if piece.count == 4 {
                events.append(.text(choice: 0, String(piece)))
                piece = .init()
            }
        }
        if !piece.isEmpty { events.append(.text(choice: 0, String(piece))) }
        events += [.finished(choice: 0, .endTurn, stopSequence: nil), .usage(Usage(input: 7, output: 9)), .ended]
        var request = ChatRequest(model: "m", messages: [])
        request.includeUsage = true
        var encoder = kind.speech.dialect.makeStreamEncoder(for: request)
        var bytes = ByteBuffer()
        for event in events { encoder.encode(event, into: &bytes) }
        return bytes
    }
}
