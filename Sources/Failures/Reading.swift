import NIOCore
import Wire

/// What stands in a failure, as far as rules look at it: read once, whatever
/// host wrote it.
struct Reading {
    let position: Symptom.Position
    let status: Int
    let transport: Symptom.Transport?
    private(set) var codes: [String] = []
    /// The message in lower case, cut to a sane length.
    private(set) var text = ""
    /// The message as it came.
    private(set) var message = ""
    private(set) var shape: Rule.Shape?
    /// The field that the error names (OpenAI's `param`).
    private(set) var field: String?

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
            let start = symptom.body.getSlice(
                at: symptom.body.readerIndex, length: min(Self.longest, symptom.body.readableBytes))!
            message = String(buffer: start)
            shape = message.contains("<") && message.lowercased().contains("<html") ? .page : .unreadable
        }
        text = String(message.prefix(Self.longest)).lowercased()
        if let type = symptom.fields["content-type"], type.lowercased().contains("text/html"), shape == .unreadable {
            shape = .page
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
                    readError(value)
                } else if let words = value.string {
                    hasError = true
                    add(words: words)
                    add(code: words)
                }
            case "__type", "code", "type": hasError = readCode(value) || hasError
            case "message", "Message", "detail", "msg":
                if let words = value.string {
                    add(words: words)
                } else if value.kind == .object, value["role"] == nil {
                    readError(value)
                } else if value.kind == .array {
                    for element in value.elements { if let words = element["msg"]?.string { add(words: words) } }
                }
            case "errors":
                for element in value.elements where element.kind == .object { readError(element) }
            default: break
            }
        }
        if isRefusal(root) {
            shape = .refusal
        } else if !hasError, message.isEmpty {
            shape = .unreadable
        }
    }

    private mutating func readError(_ error: JSONView) {
        for (name, value) in error.members {
            switch name.string ?? "" {
            case "type", "code", "status", "reason", "__type": _ = readCode(value)
            case "message", "detail", "msg": if let words = value.string { add(words: words) }
            case "param": field = value.string ?? field
            case "innererror", "inner_error": readError(value)
            case "details", "metadata": readDetails(value)
            default: break
            }
        }
    }

    /// Google's `details`, OpenRouter's `metadata`.
    private mutating func readDetails(_ value: JSONView) {
        if value.kind == .object {
            if let reason = value["reason"] { _ = readCode(reason) }
            if let raw = value["raw"]?.string { add(words: raw) }
            if let delay = value["retryDelay"]?.string { add(words: "retryDelay \(delay)") }
        }
        if value.kind == .array { for element in value.elements { readDetails(element) } }
    }

    private mutating func readCode(_ value: JSONView) -> Bool {
        guard let code = value.string else { return false }
        add(code: code)
        return true
    }

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

    // MARK: Refusals that come as answers

    private static let refusals: Set<String> = [
        "refusal", "content_filter", "content_filtered", "guardrail_intervened", "safety", "prohibited_content",
        "blocklist", "spii", "recitation", "image_safety",
    ]

    private func isRefusal(_ root: JSONView) -> Bool {
        func isOne(_ value: JSONView?) -> Bool {
            value?.string.map { Self.refusals.contains($0.lowercased()) } ?? false
        }
        if isOne(root["stop_reason"]) || isOne(root["stopReason"]) { return true }
        if isOne(root["delta"]?["stop_reason"]) { return true }
        if let reason = root["promptFeedback"]?["blockReason"], !reason.isNull { return true }
        if let choices = root["choices"], choices.kind == .array {
            for choice in choices.elements {
                if isOne(choice["finish_reason"]) { return true }
                if let refusal = choice["message"]?["refusal"]?.string, !refusal.isEmpty { return true }
            }
        }
        if let candidates = root["candidates"], candidates.kind == .array {
            for candidate in candidates.elements where isOne(candidate["finishReason"]) { return true }
        }
        return false
    }
}
