import NIOCore
import Wire

/// The content of a failure, as far as rules look at it: read once, in the same
/// form for all hosts.
struct Reading {
    let position: Symptom.Position
    /// The head's status; where that says yes and the error inside carries a
    /// number of its own, that number.
    private(set) var status: Int
    let transport: Symptom.Transport?
    private(set) var codes: [String] = []
    /// The message in lower case, cut to a sane length, without what the caller
    /// wrote (``mask(_:)``).
    private(set) var text = ""
    /// The message as it came.
    private(set) var message = ""
    private(set) var shape: Rule.Shape?
    /// The field that the error names (OpenAI's `param`).
    private(set) var field: String?
    /// When to come again, where that has a field of its own (Google's
    /// `RetryInfo`), e.g. `34.5s`.
    private(set) var delay: String?
    /// Codes that are the message itself.
    private var messageCodes: Set<String> = []
    /// Names of limits that were passed: they say whether a quota is a
    /// minute's or a day's, and are not for people.
    private var limits = ""
    /// ``text`` in UTF-8, for ``says(_:)``.
    private(set) var bytes: [UInt8] = []

    /// Of a message, in bytes.
    static let longest = 8192

    init(_ symptom: Symptom) {
        position = symptom.position
        status = symptom.status
        transport = symptom.transport
        if let type = symptom.fields["x-amzn-errortype"] { add(code: type) }
        if let exception = symptom.exception { add(code: exception) }
        guard symptom.body.readableBytesView.contains(where: { $0 > 0x20 }) else {
            shape = .empty
            return
        }
        if let document = try? JSONDocument(symptom.body), [.object, .array].contains(document.root.kind) {
            read(document.root)
        } else {
            readText(symptom)
        }
        bytes = Self.lowered(message)
        if !limits.isEmpty { bytes += Array((" " + limits).utf8.prefix(1000)).map { Self.lowered($0) } }
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// ASCII letters in lower case, and typesetters' apostrophes as plain ones:
    /// both differ from host to host.
    private static func lowered(_ message: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(message.utf8.prefix(longest))[...]
        bytes.reserveCapacity(rest.count)
        while let byte = rest.popFirst() {
            if byte == 0xE2, rest.starts(with: [0x80, 0x99]) {
                rest.removeFirst(2)
                bytes.append(UInt8(ascii: "'"))
            } else {
                bytes.append(lowered(byte))
            }
        }
        return bytes
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    /// Puts a byte that no rule knows in the place of each that is the
    /// caller's.
    mutating func mask(_ isCallers: [Bool]) {
        for index in bytes.indices where index < isCallers.count && isCallers[index] { bytes[index] = 0x01 }
        text = String(decoding: bytes, as: UTF8.self)
        // An error that is one string stands among the codes, too.
        codes = codes.filter { !messageCodes.contains($0) || says($0) }
    }

    /// Tells whether its status calls the request wrong, or, where it has none of
    /// its own, its code does.
    var blamesRequest: Bool {
        switch status {
        case 400, 406, 409, 411...417, 422, 431: true
        case 0..<300: codes.contains(where: Rules.requestCodes.contains)
        default: false
        }
    }

    /// The thing that the message says is gone.
    var goneSubject: GoneSubject { GoneSubject(in: text, field: field) }

    /// Returns whether the message contains that piece, given in lower case.
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
                    if let code = codes.last { messageCodes.insert(code) }
                }
            case "__type", "code", "error_type": hasError = readCode(value) || hasError
            // A whole answer has a type, too; it is no error's.
            case "type":
                if let type = value.string, !Self.isAnswer(type) { hasError = readCode(value) || hasError }
            // OpenAI's event of a response that failed.
            case "response":
                if let error = value["error"], error.kind == .object {
                    hasError = true
                    readError(error, depth: 0)
                }
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
            case "retryDelay": delay = value.string.map { String(decoding: $0.utf8.prefix(40), as: UTF8.self) } ?? delay
            case "violations": readDetails(value, depth: depth + 1)
            case "quotaId", "quotaMetric":
                if limits.utf8.count < 1000, let name = value.string {
                    limits += " " + String(decoding: name.utf8.prefix(200), as: UTF8.self)
                }
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

    private static func isAnswer(_ type: String) -> Bool {
        answers.contains(type) || type.utf8.starts(with: "response.".utf8)
    }

    private mutating func add(code: String) {
        // Coral's names come with a namespace before `#` and an address after
        // `:`.
        var name = Substring(String(decoding: code.utf8.prefix(200), as: UTF8.self))
        if let hash = name.lastIndex(of: "#") { name = name[name.index(after: hash)...] }
        if let colon = name.firstIndex(of: ":") { name = name[..<colon] }
        codes.append(name.lowercased())
    }

    private mutating func add(words: String) {
        guard message.utf8.count < Self.longest else { return }
        if !message.isEmpty { message += " " }
        // By bytes: a single character may be as long as it likes.
        message +=
            words.utf8.count <= Self.longest
            ? words : String(decoding: words.utf8.prefix(Self.longest), as: UTF8.self)
    }
}
