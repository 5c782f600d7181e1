package import Conversation
package import NIOCore
import Wire

/// The error object that every OpenAI client reads.
///
/// https://platform.openai.com/docs/guides/error-codes
package struct ErrorObject {
    package var message: String
    package var type: String
    package var param: String?
    package var code: String?

    /// The words that OpenAI itself uses: it gives the type
    /// `invalid_request_error` to a bad key too, and tells them by `code`.
    package init(_ problem: APIProblem) {
        message = problem.message
        param = problem.field
        type = Self.type(of: problem.kind.status)
        code =
            problem.code
            ?? {
                switch problem.kind {
                case .unauthenticated: "invalid_api_key"
                case .forbidden: "insufficient_permissions"
                case .limited: "rate_limit_exceeded"
                case .methodNotAllowed: "method_not_supported"
                case .tooLarge: "request_too_large"
                case .invalidRequest, .notFound, .gone, .headersTooLarge, .internalFailure, .badUpstream, .unavailable,
                    .outOfOrder, .deadline:
                    nil
                }
            }()
    }

    /// A provider's error in another dialect's words. What has no place of
    /// its own, its type, becomes the `code`.
    package init(_ error: ProviderError) {
        message = error.message
        param = error.field
        type = Self.type(of: Self.status(of: error))
        code = Self.isOverContext(error) ? "context_length_exceeded" : error.code ?? error.type
        if code == type { code = nil }
    }

    static func type(of status: Int) -> String {
        switch status {
        case 429: "rate_limit_error"
        case 500...: "server_error"
        default: "invalid_request_error"
        }
    }

    /// The status that OpenAI's clients know for a provider's error. Their
    /// exception classes hang on it.
    package static func status(of error: ProviderError) -> Int {
        switch error.status {
        case 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504: error.status
        // Out of credit: OpenAI says it with 429, `insufficient_quota`.
        case 402: 429
        // Anthropic's "overloaded".
        case 529: 503
        // "Not supported" is the request's fault, and asking again is no use.
        case 400..<500, 501: 400
        // Among them 200, an error inside a stream of which no more is known.
        default: 502
        }
    }

    /// The prompt doesn't fit: llama.cpp says so with its own type, Anthropic
    /// only in the message. OpenAI's callers look for one code.
    private static func isOverContext(_ error: ProviderError) -> Bool {
        error.type == "exceed_context_size_error" || error.code == "context_length_exceeded"
            || (error.status == 400 && error.message.hasPrefix("prompt is too long"))
    }

    package func encoded() -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.object("error") { json in
                json.member("message", message)
                json.member("type", type)
                json.key("param")
                if let param { json.value(param) } else { json.null() }
                json.key("code")
                if let code { json.value(code) } else { json.null() }
            }
        }
        return json.buffer
    }
}
