import Conversation
import DialectOpenAI
import NIOCore
import Wire

/// An error as this API words it: OpenAI's object, with the types that Open
/// Responses has.
struct ResponseProblem {
    private var error: ErrorObject

    init(_ problem: APIProblem) {
        error = ErrorObject(problem)
        error.type = Self.type(of: problem.kind.status, isModel: problem.kind == .badUpstream)
    }

    /// A provider's error in another dialect's words.
    init(_ provider: ProviderError) {
        error = ErrorObject(provider)
        error.type = Self.type(of: ErrorObject.status(of: provider), isModel: provider.status >= 500)
    }

    var body: ByteBuffer { error.encoded() }

    private static func type(of status: Int, isModel: Bool) -> String {
        switch status {
        case 404: "not_found"
        case 429: "too_many_requests"
        case 500...: isModel ? "model_error" : "server_error"
        default: "invalid_request"
        }
    }

    // MARK: In a stream

    /// The number of an error's event. Whoever writes it doesn't know how many
    /// events have gone out; numbers only have to rise.
    static let lastNumber = Int(Int32.max)

    /// Returns the event with which a stream ends that nobody can go on with,
    /// and its end.
    static func event(_ problem: APIProblem, id: String, now: Int) -> ByteBuffer {
        let response = ResponseObject(id: id, model: "", created: now, echoed: [])
        var lines = EventLines(from: lastNumber)
        var bytes = ByteBuffer()
        lines.write("response.failed", to: &bytes) { json in
            json.key("response")
            response.write(
                .failed(code: code(of: problem), message: message(of: problem)), output: [], usage: nil, now: now,
                to: &json)
        }
        bytes.writeStaticString("data: [DONE]\n\n")
        return bytes
    }

    /// The code that says whether to ask again: agents ask up to five times for
    /// all but `invalid_prompt` and the like.
    private static func code(of problem: APIProblem) -> String {
        switch problem.code {
        case let code? where known.contains(code): return code
        default: break
        }
        switch problem.kind {
        case .limited: return "rate_limit_exceeded"
        // Nothing that asking again would mend.
        case .invalidRequest, .unauthenticated, .forbidden, .notFound, .gone, .methodNotAllowed, .tooLarge,
            .headersTooLarge, .outOfOrder:
            return "invalid_prompt"
        case .internalFailure, .badUpstream, .unavailable, .deadline: return "server_error"
        }
    }

    private static let known: Set<String> = [
        "context_length_exceeded", "insufficient_quota", "rate_limit_exceeded", "server_is_overloaded", "slow_down",
        "invalid_prompt", "cyber_policy", "usage_not_included", "server_error",
    ]

    /// Agents read the time to wait out of the words.
    private static func message(of problem: APIProblem) -> String {
        guard problem.kind == .limited, let seconds = problem.retryAfter, !problem.message.contains("try again in")
        else { return problem.message }
        return "\(problem.message) Please try again in \(seconds)s."
    }
}
