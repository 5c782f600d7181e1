import Conversation

/// The words for errors and the statuses they stand for.
///
/// https://docs.anthropic.com/en/api/errors
enum ErrorType {
    /// The word for a status.
    static func word(forStatus status: Int) -> String {
        switch status {
        case 401: "authentication_error"
        case 402: "billing_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 409: "conflict_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 503, 529: "overloaded_error"
        case 504: "timeout_error"
        // "We may also use this error type for other 4XX status codes."
        case 400..<500: "invalid_request_error"
        default: "api_error"
        }
    }

    /// The status for a word inside a stream, nil where it is unknown.
    static func status(forWord word: String) -> Int? {
        switch word {
        case "invalid_request_error": 400
        case "authentication_error": 401
        case "billing_error": 402
        case "permission_error": 403
        case "not_found_error": 404
        case "conflict_error": 409
        case "request_too_large": 413
        case "rate_limit_error": 429
        case "api_error": 500
        case "timeout_error": 504
        case "overloaded_error": 529
        default: nil
        }
    }

    /// The status that Anthropic's callers know for what a provider of
    /// another dialect answered.
    static func status(forProviderStatus status: Int) -> Int {
        switch status {
        case 400, 401, 402, 403, 404, 409, 413, 429, 500, 502, 504, 529: status
        case 408: 504
        case 503: 529
        case 400..<500: 400
        // An error inside a stream, of a type that nobody knows, or nonsense.
        default: 500
        }
    }
}
