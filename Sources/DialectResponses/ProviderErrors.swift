import Conversation
import Encodings
import Wire

/// Errors inside a response, and inside a stream of its events.
extension ProviderError {
    /// The error of a response that has failed; nil where it hasn't.
    /// - Parameter response: A whole answer, or the `response` of an event.
    init?(response: JSONView) {
        guard response["status"]?.isString("failed") == true else { return nil }
        self.init(
            status: 200, message: "The provider's response failed, and it gave no reason.")
        if let error = response["error"] { read(error) }
        status = Self.status(type: type, code: code)
    }

    /// The error that an event tells; nil where the event is none.
    init?(event root: JSONView, name: String) {
        let error = root["error"].flatMap { $0.isNull || $0.kind == .false ? nil : $0 }
        let response = root["response"]
        let isFailed = name == "response.failed"
        guard isFailed || name == "error" || name.isEmpty && error != nil else { return nil }
        self.init(status: 200, message: "The provider ended the stream with an error and gave no reason.")
        // The event's own members are the error's in one form of it.
        if !isFailed, error == nil { read(root) }
        if let error = isFailed ? response?["error"] : error { read(error) }
        let number = root["status"]?.int ?? root["status_code"]?.int ?? error?["code"]?.int
        status = number.flatMap { (400..<600).contains($0) ? $0 : nil } ?? Self.status(type: type, code: code)
    }

    private mutating func read(_ error: JSONView) {
        if let words = error.string ?? error["message"]?.string, !words.isEmpty {
            message = words.utf8.count <= 4096 ? words : Printable.excerpt(words, 1024)
        }
        if let word = error["type"]?.word, word != "error" { type = word }
        code = error["code"]?.word ?? code
        field = error["param"]?.word ?? field
    }

    /// The HTTP status that an error's words stand for, 200 where unknown.
    private static func status(type: String?, code: String?) -> Int {
        for word in [code, type] {
            switch word {
            case "invalid_prompt", "invalid_request_error", "invalid_request", "context_length_exceeded",
                "cyber_policy", "bio_policy", "misalignment_policy_violation", "data_residency_mismatch",
                "invalid_encrypted_content", "invalid_image", "invalid_image_format", "invalid_base64_image",
                "invalid_image_url", "image_too_large", "image_too_small", "image_parse_error",
                "image_content_policy_violation", "invalid_image_mode", "image_file_too_large",
                "unsupported_image_media_type", "empty_image_file", "failed_to_download_image", "image_file_not_found":
                return 400
            case "authentication_error", "invalid_api_key": return 401
            case "permission_error", "usage_not_included": return 403
            case "not_found_error", "not_found", "model_not_found": return 404
            case "rate_limit_error", "rate_limit_exceeded", "too_many_requests", "insufficient_quota": return 429
            case "server_error", "api_error", "internal_error", "model_error": return 500
            case "server_is_overloaded", "slow_down", "overloaded_error", "service_unavailable": return 503
            case "timeout", "vector_store_timeout": return 504
            default: break
            }
        }
        return 200
    }
}
