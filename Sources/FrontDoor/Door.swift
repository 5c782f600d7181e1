import Conversation
import DialectAnthropic
import DialectOpenAI
import Gateway
import NIOCore
import Routing
import Wire

/// One dialect's way in: its addresses and its way of saying things.
package struct Door: Sendable {
    let dialect: any Dialect

    func refuse(_ problem: Problem, id: String) -> Answer {
        var head = ResponseHead(status: problem.kind.status)
        head.fields.append("content-type", "application/json")
        head.fields.append("x-request-id", id)
        if dialect.name == .anthropic { head.fields.append("request-id", id) }
        head.addFields(of: problem)
        return Answer(head, dialect.encodeProblem(problem, requestID: id))
    }

    func answer(_ body: ByteBuffer, id: String) -> Answer {
        var head = ResponseHead(status: 200)
        head.fields.append("content-type", "application/json")
        head.fields.append("x-request-id", id)
        if dialect.name == .anthropic { head.fields.append("request-id", id) }
        return Answer(head, body)
    }
}

/// The meaning of an address on the applications' listener.
enum Address {
    case chat(Door)
    case embeddings(Door)
    case countTokens(Door)
    case models
    case model(String)
    case root
    case health
    case ready
    case metrics
    /// A file of the public ledger.
    case ledger(String)
    case status(HouseView.StatusForm)
    case unknown
}

extension Doors {
    /// - Parameter path: without its query.
    func address(_ path: Substring) -> Address {
        switch path {
        case "/v1/chat/completions": return .chat(openai)
        case "/v1/messages": return .chat(anthropic)
        case "/v1/embeddings": return .embeddings(openai)
        case "/v1/messages/count_tokens": return .countTokens(anthropic)
        case "/v1/models", "/v1/models/": return .models
        case "/", "": return .root
        case "/health", "/healthz": return .health
        case "/ready", "/readyz": return .ready
        case "/metrics": return .metrics
        case "/status", "/status/": return .status(.page)
        case "/status.json": return .status(.json)
        default:
            if path.hasPrefix("/ledger/") { return .ledger(String(path.dropFirst(8))) }
            let prefix = "/v1/models/"
            guard path.hasPrefix(prefix) else { return .unknown }
            return .model(Self.percentDecoded(path.dropFirst(prefix.count)))
        }
    }

    /// `here%2Fsmollm2` → `here/smollm2`; what is no escape stays.
    static func percentDecoded(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            // `UInt8(_:radix:)` takes a sign, an escape has none.
            if byte == UInt8(ascii: "%"), rest.count >= 2, rest.first != UInt8(ascii: "+"),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
