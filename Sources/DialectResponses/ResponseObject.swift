import Conversation
import NIOCore
import Wire

/// The `response` of an answer and of its events: all members that clients made
/// from the schema look for, null where they say nothing.
///
/// https://platform.openai.com/docs/api-reference/responses/object
struct ResponseObject {
    enum Status {
        case inProgress
        case completed
        /// - Parameter reason: `max_output_tokens` or `content_filter`.
        case incomplete(reason: String)
        case failed(code: String, message: String)

        var word: String {
            switch self {
            case .inProgress: "in_progress"
            case .completed: "completed"
            case .incomplete: "incomplete"
            case .failed: "failed"
            }
        }
    }

    var id: String
    var model: String
    var created: Int
    private let echoed: EchoedRequest
    /// The tier that served it, where that isn't the one in the request.
    var serviceTier: String?
    var handOvers: [HandOver] = []
    /// The provider's word for an end that the status has none for.
    var ended: String?

    /// - Parameter echoed: The members that the request said.
    init(id: String, model: String, created: Int, echoed: [EchoedMember]) {
        self.id = id
        self.model = model
        self.created = created
        self.echoed = EchoedRequest(echoed)
    }

    /// - Parameters:
    ///   - output: The items, as JSON.
    ///   - now: The time at which it was completed.
    func write(_ status: Status, output: [ByteBuffer], usage: Usage?, now: Int, to json: inout JSONWriter) {
        write(status, usage: usage, now: now, to: &json) { json in for item in output { json.value(encoded: item) } }
    }

    /// - Parameters:
    ///   - now: The time at which it was completed.
    ///   - output: Writes the items.
    func write(
        _ status: Status, usage: Usage?, now: Int, to json: inout JSONWriter, output: (inout JSONWriter) -> Void
    ) {
        json.object { json in
            json.member("id", id)
            json.member("object", "response")
            json.member("created_at", created)
            json.member("status", status.word)
            json.key("completed_at")
            if case .completed = status { json.value(max(now, created)) } else { json.null() }
            writeFault(of: status, to: &json)
            json.member("model", model)
            json.null("previous_response_id")
            json.array("output", output)
            json.key("usage")
            if let usage { usage.write(response: &json) } else { json.null() }
            json.member("store", false)
            json.contents(encoded: echoed.members)
            json.key("service_tier")
            if let serviceTier {
                json.value(serviceTier)
            } else if let asked = echoed.serviceTier {
                json.value(asked)
            } else {
                json.value("default")
            }
            json.key("metadata")
            if handOvers.isEmpty, ended == nil { json.value(echoed.metadata) } else { writeMetadata(to: &json) }
        }
    }

    private func writeFault(of status: Status, to json: inout JSONWriter) {
        json.key("incomplete_details")
        if case .incomplete(let reason) = status {
            json.object { $0.member("reason", reason) }
        } else {
            json.null()
        }
        json.key("error")
        if case .failed(let code, let message) = status {
            json.object { json in
                json.member("code", code)
                json.member("message", message)
            }
        } else {
            json.null()
        }
    }

    /// The place where strict clients take further words: who went on with the
    /// answer, from which character on, and why.
    private func writeMetadata(to json: inout JSONWriter) {
        func list(_ words: [String]) -> String { String(words.joined(separator: ", ").prefix(512)) }
        json.object { json in
            if let root = (try? echoed.metadata.document())?.root {
                for (name, value) in root.members {
                    let name = name.string ?? ""
                    // Holdfast's own word counts where a caller has the same.
                    guard !name.hasPrefix("holdfast_") else { continue }
                    json.key(dynamic: name)
                    json.value(value.fragment)
                }
            }
            if !handOvers.isEmpty {
                json.member("holdfast_continued_by", list(handOvers.map(\.by)))
                json.member("holdfast_continued_cause", list(handOvers.map(\.cause)))
                json.member("holdfast_continued_at", list(handOvers.map { "\($0.at)" }))
            }
            json.member("holdfast_ended", ifPresent: ended)
        }
    }
}

extension ResponseObject.Status {
    /// The status of an answer that has ended.
    init(_ reason: FinishReason?) {
        switch reason {
        case .length, .contextFull, .pause: self = .incomplete(reason: "max_output_tokens")
        case .contentFilter: self = .incomplete(reason: "content_filter")
        case .endTurn, .stopSequence, .toolCalls, .refusal, .other, nil: self = .completed
        }
    }

    var isIncomplete: Bool {
        if case .incomplete = self { true } else { false }
    }
}

extension FinishReason {
    /// The word for an end that a response's status doesn't tell from others.
    var untold: String? {
        switch self {
        case .refusal: "refusal"
        case .pause: "pause"
        case .other(let word): String(word.prefix(64))
        case .endTurn, .stopSequence, .length, .contextFull, .toolCalls, .contentFilter: nil
        }
    }
}

extension Usage {
    /// Every count is there, also those that the provider doesn't give.
    func write(response json: inout JSONWriter) {
        json.object { json in
            json.member("input_tokens", input)
            json.object("input_tokens_details") { json in
                json.member("cached_tokens", cacheRead ?? 0)
                json.member("cache_write_tokens", cacheWrite ?? 0)
            }
            json.member("output_tokens", output)
            json.object("output_tokens_details") { $0.member("reasoning_tokens", reasoning ?? 0) }
            json.member("total_tokens", total)
        }
    }
}

/// The ids of a response and of its items.
struct ResponseIDs {
    let response: String
    /// The end that the items' ids have in common.
    private let tail: String

    /// - Parameter id: The answer's id; Holdfast's own, where there is one.
    init(_ id: String) {
        let isOwn = id.hasPrefix("resp_")
        let known = isOwn ? id.dropFirst(5) : id[...]
        if !known.isEmpty, known.utf8.count <= 40, known.utf8.allSatisfy(Self.isAllowed) {
            tail = String(known)
            response = isOwn ? id : "resp_\(tail)"
        } else {
            let kept = known.utf8.prefix(40).filter(Self.isAllowed)
            tail = kept.isEmpty ? "0" : String(decoding: kept, as: UTF8.self)
            response = "resp_\(tail)"
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
    }

    /// Returns the id of an item: OpenAI refuses others than its own kinds.
    func item(_ kind: OutputItem.Kind, at index: Int) -> String { "\(kind.prefix)\(tail)_\(index)" }
}
