import Conversation
import Encodings
import NIOCore
import Wire

/// Errors of providers, in all the shapes that servers of this format give
/// them: OpenAI's object, a bare string, `message` at the top (Mistral),
/// `detail` (FastAPI), a list (Gemini's compatible endpoint), pages of HTML
/// from a proxy in between, nothing at all.
extension ProviderError {
    init(status: Int, reading body: ByteBuffer) {
        self.init(status: status, message: "")
        guard body.readableBytes > 0 else {
            message = "The provider answered \(status) and gave no reason."
            return
        }
        guard body.readableBytes <= 1 << 20, let document = try? JSONDocument(body) else {
            message = "The provider answered \(status) with a page that is not JSON."
            return
        }
        read(document.root)
        if message.isEmpty { message = "The provider answered \(status) and gave no reason." }
    }

    /// An error inside a stream, nil where the event is none.
    init?(event root: JSONView, name: String) {
        let error =
            root["error"].flatMap { $0.isNull || $0.kind == .false || $0.isString("") ? nil : $0 }
            ?? Self.ownStatus(root)
        guard error != nil || name == "error" || root["object"]?.isString("error") == true else { return nil }
        self.init(status: 200, message: "")
        var number: Int?
        for view in [root, error] {
            number = view?["code"]?.int ?? view?["status"]?.int ?? view?["status_code"]?.int ?? number
        }
        read(root)
        status = number.flatMap { (400..<600).contains($0) ? $0 : nil } ?? Self.status(type: type, code: code)
        if message.isEmpty { message = "The provider ended the stream with an error and gave no reason." }
    }

    /// MiniMax's `base_resp`, where its number says that something went wrong.
    static func ownStatus(_ root: JSONView) -> JSONView? {
        guard let status = root["base_resp"], let number = status["status_code"]?.int, number != 0 else { return nil }
        return status
    }

    /// The error of a choice that ended with the finish reason `error`
    /// (OpenRouter's).
    init(choice: JSONView) {
        self.init(status: 200, message: "")
        let error = choice["error"]
        if let error { read(error) }
        let number = error?["code"]?.int
        status = number.flatMap { (400..<600).contains($0) ? $0 : nil } ?? Self.status(type: type, code: code)
        if message.isEmpty { message = "The provider ended its answer with an error and gave no reason." }
    }

    private mutating func read(_ view: JSONView) {
        switch view.kind {
        case .string: message = Self.shortened(view.string ?? "")
        case .array: if let first = view.elements.first(where: { _ in true }) { read(first) }
        case .object:
            if let error = view["error"], !error.isNull, !error.isString("") {
                read(error)
                // {"error": "Not Found", "message": "…"}: the second says more.
                if error.kind == .string, let more = view["message"]?.string, !more.isEmpty {
                    message = Self.shortened(more)
                }
            } else if let message = view["message"], !message.isNull {
                read(message)
            } else if let detail = view["detail"], !detail.isNull {
                readDetail(detail)
            } else if let errors = view["errors"], errors.kind == .array {
                read(errors)
            } else if let status = Self.ownStatus(view) {
                read(status)
            } else if let words = view["status_msg"]?.string ?? view["msg"]?.string {
                message = Self.shortened(words)
            }
            type = view["type"]?.string ?? type
            field = view["param"]?.string ?? field
            if let code = view["code"] {
                self.code = code.string ?? code.int.flatMap { $0 == status ? nil : String($0) } ?? self.code
            }
        case .number, .true, .false, .null: break
        }
    }

    /// FastAPI: a text, or a list of `{loc: ["body", "messages", 0], msg}`.
    private mutating func readDetail(_ view: JSONView) {
        guard view.kind == .array else { return read(view) }
        var complaints: [String] = []
        for element in view.elements.prefix(5) {
            guard let text = element["msg"]?.string ?? element.string else { continue }
            var path = ""
            if let location = element["loc"] {
                for step in location.elements {
                    if let name = step.string, name != "body" {
                        path += path.isEmpty ? name : ".\(name)"
                    } else if let place = step.int {
                        path += "[\(place)]"
                    }
                }
            }
            if field == nil, !path.isEmpty { field = path }
            complaints.append(path.isEmpty ? text : "\(path): \(text)")
        }
        message = Self.shortened(complaints.joined(separator: "; "))
    }

    /// The HTTP status that an error's words stand for, 200 where unknown.
    static func status(type: String?, code: String?) -> Int {
        for word in [code, type] {
            switch word {
            case "invalid_request_error", "context_length_exceeded", "exceed_context_size_error": return 400
            case "authentication_error", "invalid_api_key": return 401
            case "permission_error", "insufficient_permissions": return 403
            case "not_found_error", "model_not_found": return 404
            case "rate_limit_error", "rate_limit_exceeded", "insufficient_quota", "requests", "tokens": return 429
            case "server_error", "api_error", "internal_error", "internal_server_error": return 500
            case "unavailable_error", "service_unavailable", "overloaded_error", "overloaded": return 503
            case "timeout", "timeout_error": return 504
            default: break
            }
        }
        return 200
    }

    /// A provider's words pass on to the caller: within reason.
    private static func shortened(_ text: String) -> String {
        text.utf8.count <= 4096 ? text : text.cut(toUTF8Bytes: 1024) + "…"
    }
}
