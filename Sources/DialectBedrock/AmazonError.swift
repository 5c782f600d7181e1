import Conversation
import NIOCore
import Wire

/// An error in the form of Amazon's APIs: a name in the field
/// `x-amzn-errortype`, by which its clients choose the exception that they
/// raise, and a body of `{"message": …}`.
///
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
struct AmazonError {
    var name: String
    var status: Int
    var message: String
    /// Holdfast's own word for it, beside the message.
    var reason: String?

    // MARK: Of Holdfast's own

    init(_ problem: APIProblem) {
        (name, status) = Self.form(of: problem)
        message = Self.naming(problem.field, in: problem.message)
        reason = problem.code
    }

    private static func form(of problem: APIProblem) -> (name: String, status: Int) {
        switch problem.kind {
        case .unauthenticated:
            switch problem.code {
            case "invalid_signature": ("InvalidSignatureException", 403)
            case "incomplete_signature": ("IncompleteSignatureException", 403)
            case "expired_key": ("ExpiredTokenException", 403)
            default: ("UnrecognizedClientException", 403)
            }
        case .forbidden: ("AccessDeniedException", 403)
        case .notFound, .gone: ("ResourceNotFoundException", 404)
        case .methodNotAllowed: ("ValidationException", 405)
        case .invalidRequest: ("ValidationException", 400)
        case .tooLarge: ("ValidationException", 413)
        case .headersTooLarge: ("ValidationException", 431)
        case .limited: ("ThrottlingException", 429)
        case .internalFailure: ("InternalServerException", 500)
        case .badUpstream: ("ModelErrorException", 424)
        case .unavailable, .outOfOrder: ("ServiceUnavailableException", 503)
        case .deadline: ("ModelTimeoutException", 408)
        }
    }

    // MARK: Of a provider's

    init(_ error: ProviderError) {
        status = Self.status(forProviderStatus: error.status)
        name = Self.name(forStatus: status)
        // A provider of the same family has named it already.
        if let type = error.type, Self.names.contains(type) { name = type }
        message = Self.naming(error.field, in: error.message)
        reason = error.code
    }

    private static let names: Set<String> = [
        "AccessDeniedException", "ThrottlingException", "ResourceNotFoundException", "ModelTimeoutException",
        "InternalServerException", "ServiceUnavailableException", "ValidationException", "ModelNotReadyException",
        "ModelErrorException", "ModelStreamErrorException", "ServiceQuotaExceededException",
    ]

    /// The status that callers know for what a provider of another dialect
    /// answered.
    static func status(forProviderStatus status: Int) -> Int {
        switch status {
        case 400, 403, 404, 408, 413, 424, 429, 500, 503: status
        case 401, 402: 403
        case 504: 408
        case 529: 503
        case 400..<500: 400
        // An error inside a stream, of a type that nobody knows, or nonsense.
        default: 500
        }
    }

    private static func name(forStatus status: Int) -> String {
        switch status {
        case 403: "AccessDeniedException"
        case 404: "ResourceNotFoundException"
        case 408: "ModelTimeoutException"
        case 424: "ModelErrorException"
        case 429: "ThrottlingException"
        case 503: "ServiceUnavailableException"
        case 400..<500: "ValidationException"
        default: "InternalServerException"
        }
    }

    // MARK: Writing

    func encoded() -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("message", message)
            json.member("reason", ifPresent: reason)
        }
        return json.buffer
    }

    func addFields(to fields: inout HTTPFieldList) { fields.append("x-amzn-errortype", name) }

    /// An exception inside a stream: one of those that the API's model has
    /// there.
    func encodedInStream() -> ByteBuffer {
        var bytes = ByteBuffer()
        EventStreamWriter.write(EventStreamHead(exception: streamName), data: encoded(), to: &bytes)
        return bytes
    }

    private var streamName: String {
        switch name {
        case "ThrottlingException", "ServiceQuotaExceededException": "throttlingException"
        case "ServiceUnavailableException", "ModelNotReadyException": "serviceUnavailableException"
        case "ModelErrorException", "ModelStreamErrorException", "ModelTimeoutException": "modelStreamErrorException"
        case "InternalServerException": "internalServerException"
        default: "validationException"
        }
    }

    private static func naming(_ field: String?, in message: String) -> String {
        guard let field, !field.isEmpty, !message.hasPrefix("\(field): ") else { return message }
        return "\(field): \(message)"
    }
}
