import Conversation
import NIOCore
import Wire

/// The errors of Bedrock: `{"message"}`, with the kind in a header field, or
/// in the body (`__type`), or as the name of a stream's exception.
///
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
enum BedrockException {
    /// Reads an error's answer; one that can't be read becomes an error with
    /// the status alone.
    static func read(status: Int, body: ByteBuffer) -> ProviderError {
        guard let root = (try? JSONDocument(body))?.root, root.kind == .object else {
            return ProviderError(
                status: status, type: word(forStatus: status), message: "The provider answered with status \(status).")
        }
        let type = (root["__type"] ?? root["code"])?.string.map(plain)
        return ProviderError(
            status: status, type: type ?? word(forStatus: status),
            message: words(root) ?? "The provider answered with status \(status) and no message.")
    }

    /// Reads an exception inside a stream.
    static func read(_ frame: Frame) -> ProviderError {
        let root = (try? JSONDocument(frame.data))?.root
        let type = plain(frame.name)
        var said = status(forWord: type)
        // The model's own status, where Bedrock tells it.
        if type.lowercased().hasPrefix("modelstreamerror"), let original = root?["originalStatusCode"]?.int,
            (400...599).contains(original)
        {
            said = original
        }
        return ProviderError(
            status: said, type: type,
            message: root.flatMap { words($0) ?? $0["originalMessage"]?.string }
                ?? "The provider ended the stream with an error.")
    }

    private static func words(_ root: JSONView) -> String? {
        (root["message"] ?? root["Message"])?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A name without the namespace before it and the address behind it.
    private static func plain(_ name: String) -> String {
        var name = Substring(name)
        if let hash = name.lastIndex(of: "#") { name = name[name.index(after: hash)...] }
        if let colon = name.firstIndex(of: ":") { name = name[..<colon] }
        return String(name)
    }

    /// The status of an exception's name, in either spelling: `Throttling…` and
    /// `throttling…`; 200 where it is unknown.
    static func status(forWord word: String) -> Int {
        switch word.lowercased() {
        case "validationexception", "conflictexception", "servicequotaexceededexception": 400
        case "accessdeniedexception", "unrecognizedclientexception", "invalidsignatureexception": 403
        case "resourcenotfoundexception": 404
        case "modeltimeoutexception": 408
        case "modelerrorexception", "modelstreamerrorexception": 424
        case "throttlingexception", "modelnotreadyexception": 429
        case "internalserverexception": 500
        case "serviceunavailableexception": 503
        default: 200
        }
    }

    /// The name for a status where nothing else says one.
    private static func word(forStatus status: Int) -> String? {
        switch status {
        case 400: "ValidationException"
        case 403: "AccessDeniedException"
        case 404: "ResourceNotFoundException"
        case 408: "ModelTimeoutException"
        case 424: "ModelErrorException"
        case 429: "ThrottlingException"
        case 500: "InternalServerException"
        case 503: "ServiceUnavailableException"
        default: nil
        }
    }
}
