package import Access
import Conversation
package import DialectAnthropic
package import DialectOpenAI
package import Gateway
package import NIOCore
package import NIOHTTP1
import Routing
import Wire

/// What the doors show of the house's state.
package struct HouseView: Sendable {
    /// Nil when requests can be served, otherwise what is missing.
    package var unready: @Sendable () -> [String]
    /// Prometheus text, nil where `/metrics` is on the admin listener.
    package var metrics: (@Sendable () -> ByteBuffer)?
    /// Whether `/metrics` needs an admin key.
    package var metricsNeedKey: Bool
    /// A public file of the ledger by its path below `/ledger/`; nil where the
    /// ledger isn't served here.
    package var ledgerFile: (@Sendable (String) -> ByteBuffer?)?
    /// What everybody may see of the state of models and hosts; nil where
    /// that is switched off.
    package var status: @Sendable (StatusForm) -> ByteBuffer?

    package enum StatusForm: Sendable { case json, page }

    package init(
        unready: @escaping @Sendable () -> [String], metrics: (@Sendable () -> ByteBuffer)? = nil,
        metricsNeedKey: Bool = true, ledgerFile: (@Sendable (String) -> ByteBuffer?)? = nil,
        status: @escaping @Sendable (StatusForm) -> ByteBuffer? = { _ in nil }
    ) {
        self.unready = unready
        self.metrics = metrics
        self.metricsNeedKey = metricsNeedKey
        self.ledgerFile = ledgerFile
        self.status = status
    }
}

/// The applications' listener: a door per dialect, one address for all.
package struct Doors: Reception {
    let openai: Door
    let anthropic: Door
    let gateway: Gateway
    let view: HouseView
    /// The wall clock, for keys that expire.
    let time: @Sendable () -> UnixTime
    let anthropicDialect: AnthropicDialect
    private let tokenCounting: TokenCounting

    package init(
        _ gateway: Gateway, openai: OpenAIDialect, anthropic: AnthropicDialect, view: HouseView,
        time: @escaping @Sendable () -> UnixTime
    ) {
        self.gateway = gateway
        self.openai = Door(dialect: openai)
        anthropicDialect = anthropic
        self.anthropic = Door(dialect: anthropic)
        self.view = view
        self.time = time
        tokenCounting = TokenCounting(
            path: AnthropicDialect.countTokensPath,
            decode: { document in Result { () throws(Problem) in try anthropic.decodeCountTokens(document) } },
            estimate: { TokenEstimate($0).inputTokens },
            encode: { anthropic.encodeTokenCount($0) })
    }

    // MARK: By the head

    package func receive(_ head: HTTPRequestHead, on executor: EventLoopTaskExecutor) -> Receipt {
        let arrived = NIODeadline.now()
        let id = RequestID.make()
        let mark = head.uri.utf8.firstIndex(of: UInt8(ascii: "?")) ?? head.uri.endIndex
        let path = head.uri[..<mark]
        let address = address(path)

        switch address {
        case .health:
            return .answer(openai.answer(ByteBuffer(string: #"{"status":"ok"}"#), id: id))
        case .ready: return .answer(readiness(id))
        case .ledger(let file) where view.ledgerFile != nil && head.method == .GET:
            return .answer(ledgerAnswer(file, id))
        case .status(let form) where head.method == .GET || head.method == .HEAD:
            if let answer = statusAnswer(form, id) { return .answer(answer) }
        case .metrics where view.metrics != nil && !view.metricsNeedKey: return .answer(metricsAnswer(id))
        default: break
        }

        let door = door(for: address, head)
        let principal: Principal
        switch authenticate(head) {
        case .success(let known): principal = known
        case .failure(let problem): return .answer(refuse(problem, door, id))
        }
        let allowed: HTTPMethod
        let operation: Call.Operation
        switch address {
        case .chat: (operation, allowed) = (.chat, .POST)
        case .embeddings: (operation, allowed) = (.embeddings, .POST)
        case .countTokens: (operation, allowed) = (.countTokens(tokenCounting), .POST)
        case .models, .model:
            guard head.method == .GET else { return .answer(wrongMethod(door, head, "GET", id, principal)) }
            return .answer(models(address, principal, door, id))
        case .metrics where view.metrics != nil:
            guard principal.isAdmin else {
                return .answer(refuse(Problem(.forbidden, "/metrics needs an admin key."), door, id, principal))
            }
            return .answer(metricsAnswer(id))
        default:
            return .answer(
                refuse(
                    Problem(
                        .notFound,
                        "There is nothing at \(path.prefix(100)). Holdfast speaks POST /v1/chat/completions, "
                            + "POST /v1/embeddings, POST /v1/messages, POST /v1/messages/count_tokens and GET /v1/models.",
                        code: "unknown_url"), door, id, principal))
        }
        guard head.method == allowed else { return .answer(wrongMethod(door, head, "POST", id, principal)) }
        guard !principal.isAdmin else { return .answer(refuse(.adminKey, door, id, principal)) }
        var fields = HTTPFieldList()
        for (name, value) in head.headers where HTTPFieldRules.mayBeForwarded(name) {
            let name = name.lowercased()
            if HTTPFieldRules.isForwardedToProvider(name) { fields.append(name, value) }
        }
        let query = mark == head.uri.endIndex ? "" : String(head.uri[head.uri.index(after: mark)...])
        return .call(
            PendingCall(
                door: door, operation: operation, principal: principal, id: id, fields: fields, query: query,
                executor: executor, arrived: arrived))
    }

    /// Whose dialect an answer to this request is given in.
    private func door(for address: Address, _ head: HTTPRequestHead) -> Door {
        switch address {
        case .chat(let door), .embeddings(let door), .countTokens(let door): door
        default: head.headers.contains(name: "anthropic-version") ? anthropic : openai
        }
    }

    // MARK: Keys

    /// The key is taken from `x-api-key` or `Authorization: Bearer`, at
    /// every door; where both are sent, either may be the good one.
    private func authenticate(_ head: HTTPRequestHead) -> Result<Principal, Problem> {
        let bearer = head.headers.first(name: "authorization").flatMap(Self.bearer)
        let plain = head.headers.first(name: "x-api-key")
        var outcome = gateway.keys.authenticate(plain ?? bearer, now: time())
        if case .unknown = outcome, plain != nil, let bearer {
            outcome = gateway.keys.authenticate(bearer, now: time())
        }
        switch outcome {
        case .granted(let principal): return .success(principal)
        case .missing:
            return .failure(
                Problem(
                    .unauthenticated,
                    "No API key. Send it as \"Authorization: Bearer KEY\" or \"x-api-key: KEY\"; "
                        + "`holdfast keys create --name NAME` makes one.", code: "invalid_api_key"))
        case .unknown:
            return .failure(
                Problem(
                    .unauthenticated, "This API key is not known here. `holdfast keys list` shows those that are.",
                    code: "invalid_api_key"))
        case .expired(let time):
            return .failure(
                Problem(
                    .unauthenticated, "This API key expired at \(time). Ask for a new one.", code: "invalid_api_key"))
        case .revoked:
            return .failure(
                Problem(.unauthenticated, "This API key has been revoked. Ask for a new one.", code: "invalid_api_key"))
        }
    }

    static func bearer(_ value: String) -> String? {
        let bytes = value.utf8
        guard bytes.count > 7, bytes.prefix(7).elementsEqual("bearer ".utf8, by: { $0 | 0x20 == $1 }) else {
            return nil
        }
        return String(Substring(bytes.dropFirst(7).drop { $0 == UInt8(ascii: " ") }))
    }

    // MARK: With the body

    package func serve(_ pending: PendingCall, body: ByteBuffer, reply: any CallerReply) async {
        let call = Call(
            id: pending.id, operation: pending.operation, door: pending.door.dialect, principal: pending.principal,
            fields: pending.fields, query: pending.query, body: body, executor: pending.executor,
            arrived: pending.arrived)
        await gateway.serve(call, reply: reply)
    }
}
