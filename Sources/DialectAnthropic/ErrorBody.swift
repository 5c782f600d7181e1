import Conversation
import NIOCore
import Wire

/// `{"type": "error", "error": {…}, "request_id": …}`
///
/// https://docs.anthropic.com/en/api/errors#error-shapes
struct ErrorBody {
    var type: String
    var message: String
    /// `error.details.error_code`, which the official client shows as
    /// `error_code`.
    var code: String?
    var requestID: String

    init(_ problem: APIProblem, requestID: String) {
        type = ErrorType.word(forStatus: problem.kind.status)
        message = Self.naming(problem.field, in: problem.message)
        code = problem.code
        self.requestID = requestID
    }

    /// - Parameter status: the one that the caller will see.
    init(_ error: ProviderError, status: Int, requestID: String) {
        type = ErrorType.word(forStatus: status)
        message = Self.naming(error.field, in: error.message)
        code = error.code
        self.requestID = requestID
    }

    func encoded() -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("type", "error")
            json.object("error") { json in
                json.member("type", type)
                json.member("message", message)
                if let code {
                    json.object("details") { $0.member("error_code", code) }
                }
            }
            json.member("request_id", requestID)
        }
        return json.buffer
    }

    /// Anthropic names the field in the message: `messages.0.content: …`.
    private static func naming(_ field: String?, in message: String) -> String {
        guard let field, !field.isEmpty else { return message }
        var path = ""
        for character in field {
            switch character {
            case "[": path.append(".")
            case "]": break
            default: path.append(character)
            }
        }
        return message.hasPrefix("\(path): ") || message.hasPrefix("\(field): ") ? message : "\(path): \(message)"
    }

    // MARK: The other way

    /// Reads an error; one that can't be read becomes an error with the status
    /// alone.
    static func decode(status: Int, body: ByteBuffer) -> ProviderError {
        guard let document = try? JSONDocument(body), let error = document.root["error"] else {
            return ProviderError(status: status, message: "The provider answered with status \(status).")
        }
        return decode(error, status: status)
    }

    /// - Parameter error: the `error` object.
    static func decode(_ error: JSONView, status: Int) -> ProviderError {
        let message = error["message"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        return ProviderError(
            status: status, type: error["type"]?.string, code: error["details"]?["error_code"]?.string,
            message: message ?? "The provider answered with status \(status) and no message.")
    }

    /// The `data` of an `error` event inside a stream.
    static func decode(event: JSONView) -> ProviderError {
        guard let error = event["error"] else {
            return ProviderError(status: 200, message: "The provider ended the stream with an error.")
        }
        let status = error["type"]?.string.flatMap(ErrorType.status(forWord:)) ?? 200
        var decoded = decode(error, status: status)
        if error["message"]?.string?.isEmpty != false {
            decoded.message = "The provider ended the stream with an error."
        }
        return decoded
    }
}
