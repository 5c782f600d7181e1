import NIOCore
import Wire

/// What stands in a failure, as far as rules look at it: read once, whatever
/// host wrote it.
struct Reading {
    let position: Symptom.Position
    /// The head's status; where that says yes and the error inside carries a
    /// number of its own, that number.
    private(set) var status: Int
    let transport: Symptom.Transport?
    private(set) var codes: [String] = []
    /// The message in lower case, cut to a sane length.
    private(set) var text = ""
    /// The message as it came.
    private(set) var message = ""
    private(set) var shape: Rule.Shape?
    /// The field that the error names (OpenAI's `param`).
    private(set) var field: String?
    /// When to come again, where that has a field of its own (Google's
    /// `RetryInfo`), e.g. `34.5s`.
    private(set) var delay: String?
    /// Names of limits that were passed: they say whether a quota is a
    /// minute's or a day's, and are not for people.
    private var limits = ""
    /// ``text`` in UTF-8, for ``says(_:)``.
    private var bytes: [UInt8] = []

    private static let longest = 8192

    init(_ symptom: Symptom) {
        position = symptom.position
        status = symptom.status
        transport = symptom.transport
        if let type = symptom.fields["x-amzn-errortype"] { add(code: type) }
        guard symptom.body.readableBytesView.contains(where: { $0 > 0x20 }) else {
            shape = .empty
            return
        }
        if let document = try? JSONDocument(symptom.body), [.object, .array].contains(document.root.kind) {
            read(document.root)
        } else {
            readText(symptom)
        }
        let all = message.prefix(Self.longest) + (limits.isEmpty ? "" : " " + limits.prefix(1000))
        text = all.lowercased()
        // Typesetters' apostrophes; hyphens differ from host to host, too.
        if text.contains("\u{2019}") { text = String(text.map { $0 == "\u{2019}" ? "'" : $0 }) }
        bytes = Array(text.utf8)
    }

    /// Whether the message has that piece, given in lower case.
    func says(_ piece: String) -> Bool {
        let piece = Array(piece.utf8)
        guard let first = piece.first, bytes.count >= piece.count else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            for start in 0...(bytes.count - piece.count) where bytes[start] == first {
                var length = 1
                while length < piece.count, bytes[start + length] == piece[length] { length += 1 }
                if length == piece.count { return true }
            }
            return false
        }
    }

    /// A proxy's page, a load balancer's line, XML.
    private mutating func readText(_ symptom: Symptom) {
        let length = min(Self.longest, symptom.body.readableBytes)
        message = symptom.body.getSlice(at: symptom.body.readerIndex, length: length).map { String(buffer: $0) } ?? ""
        let lower = message.lowercased()
        let type = symptom.fields["content-type"]?.lowercased() ?? ""
        let isPage =
            type.contains("text/html")
            || ["<html", "<!doctype html", "<head>", "<body"].contains { lower.contains($0) }
        shape = isPage ? .page : .text
        if let lead = lower.firstRange(of: "<code>"), let end = lower[lead.upperBound...].firstIndex(of: "<") {
            add(code: String(lower[lead.upperBound..<end]))
        }
    }

    // MARK: JSON

    private mutating func read(_ root: JSONView) {
        // Gemini answers in a list at times.
        guard root.kind == .object else {
            for element in root.elements where element.kind == .object { return read(element) }
            shape = .unreadable
            return
        }
        var hasError = false
        for (name, value) in root.members {
            switch name.string ?? "" {
            case "error":
                if value.kind == .object {
                    hasError = true
                    readError(value, depth: 0)
                } else if let words = value.string {
                    hasError = true
                    add(words: words)
                    add(code: words)
                }
            case "__type", "code", "error_type": hasError = readCode(value) || hasError
            // A whole answer has a type, too; it is no error's.
            case "type":
                if let type = value.string, !Self.answers.contains(type) { hasError = readCode(value) || hasError }
            case "status": _ = readCode(value)
            case "message", "Message", "detail", "msg":
                if let words = value.string {
                    add(words: words)
                } else if value.kind == .object, value["role"] == nil {
                    readError(value, depth: 1)
                } else if value.kind == .array {
                    for element in value.elements { if let words = element["msg"]?.string { add(words: words) } }
                }
            case "errors":
                for element in value.elements where element.kind == .object { readError(element, depth: 1) }
            default: break
            }
        }
        if AnswerRefusal.stands(in: root) {
            shape = .refusal
        } else if !hasError, message.isEmpty {
            shape = .unreadable
        }
    }

    /// - Parameter depth: errors hold errors; a hostile one holds many.
    private mutating func readError(_ error: JSONView, depth: Int) {
        guard depth < 8 else { return }
        for (name, value) in error.members {
            switch name.string ?? "" {
            case "type", "code", "status", "reason", "__type", "status_code", "error_type": _ = readCode(value)
            case "message", "Message", "detail", "msg":
                if let words = value.string { add(words: words) }
            case "param": field = value.string ?? field
            case "error", "innererror", "inner_error":
                if let words = value.string { add(words: words) } else { readError(value, depth: depth + 1) }
            case "details", "metadata": readDetails(value, depth: depth + 1)
            default: break
            }
        }
    }

    /// Google's `details`, OpenRouter's `metadata`.
    private mutating func readDetails(_ value: JSONView, depth: Int) {
        guard depth < 8 else { return }
        for element in value.elements.prefix(50) { readDetails(element, depth: depth + 1) }
        for (name, value) in value.members {
            switch name.string ?? "" {
            case "reason": _ = readCode(value)
            case "retryDelay": delay = value.string.map { String($0.prefix(40)) } ?? delay
            case "violations": readDetails(value, depth: depth + 1)
            case "quotaId", "quotaMetric":
                if limits.utf8.count < 1000, let name = value.string { limits += " " + name.prefix(200) }
            case "raw":
                guard let raw = value.string else { continue }
                // Another host's body, as it came.
                if let inner = try? JSONDocument(raw), inner.root.kind == .object {
                    readError(inner.root, depth: depth + 1)
                } else {
                    add(words: raw)
                }
            default: break
            }
        }
    }

    private mutating func readCode(_ value: JSONView) -> Bool {
        if let number = value.int ?? value.string.flatMap({ Int($0) }) {
            guard (400...599).contains(number) else { return false }
            if status == 0 || (200...299).contains(status) { status = number }
            return true
        }
        guard let code = value.string else { return false }
        add(code: code)
        return true
    }

    private static let answers: Set<String> = [
        "message", "response", "message_start", "message_delta", "message_stop", "ping", "content_block_start",
        "content_block_delta", "content_block_stop",
    ]

    private mutating func add(code: String) {
        // Coral's names come with a namespace before `#` and an address after
        // `:`.
        var name = code.prefix(200)
        if let hash = name.lastIndex(of: "#") { name = name[name.index(after: hash)...] }
        if let colon = name.firstIndex(of: ":") { name = name[..<colon] }
        codes.append(name.lowercased())
    }

    private mutating func add(words: String) {
        guard message.utf8.count < Self.longest else { return }
        message += (message.isEmpty ? "" : " ") + words.prefix(Self.longest)
    }
}
