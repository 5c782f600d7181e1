import Access
package import Conversation
import Encodings
import Failures
import Routing
package import Wire

// What Holdfast says when it says no. Every sentence says what to do.

extension APIProblem {
    static func notAllowed(_ model: String, _ principal: Principal) -> APIProblem {
        let routes = principal.allowedRoutes.map { $0.sorted().joined(separator: ", ") } ?? ""
        return APIProblem(
            .forbidden,
            "This key may not use \"\(shown(model))\"; it may use: \(routes). Ask whoever gave you the key for another.",
            field: "model", code: "route_not_allowed")
    }

    static func unknownModel(_ model: String, _ suggestion: String?) -> APIProblem {
        let hint = suggestion.map { "Did you mean \"\(shown($0))\"?" } ?? "GET /v1/models lists what there is."
        return APIProblem(
            .notFound, "There is no route or model \"\(shown(model))\". \(hint)", field: "model",
            code: "model_not_found")
    }

    static func noModelName(_ model: some StringProtocol) -> APIProblem {
        APIProblem(
            .invalidRequest,
            "\"\(shown(model))\" can't name a model: names are of \(String.longestModelName) bytes at most, without control "
                + "characters.", field: "model", code: "invalid_model_name")
    }

    static func sameName(_ first: String, _ second: String) -> APIProblem {
        APIProblem(
            .invalidRequest,
            "\"\(shown(first))\" and \"\(shown(second))\" differ by case only, and not every server tells them apart; "
                + "send one of them.", field: shown(second), code: "ambiguous_parameter")
    }

    static func forbiddenMember(_ name: String, by whom: String) -> APIProblem {
        APIProblem(
            .invalidRequest, "\"\(name)\" may not be set: this \(whom) forbids it. Leave it out.", field: name,
            code: "forbidden_parameter")
    }

    static func callersCredentialMissing(_ upstream: Upstream) -> APIProblem {
        APIProblem(
            .unauthenticated,
            "\(upstream.id) is asked with a credential of your own, and none came. Send Holdfast's key as "
                + "\"x-holdfast-key: KEY\", and your own where that provider has it: \"Authorization: Bearer …\" or "
                + "\"x-api-key: …\".", code: "caller_credential_missing")
    }

    static let keyAsModel = APIProblem(
        .invalidRequest,
        "A key stands where a model's name belongs; it is not repeated here. Take it out, and take it for known if "
            + "others can read what this application sends.", field: "model", code: "invalid_model_name")

    /// A conversation whose beginning only its provider can read.
    static func contextLost(_ candidate: Candidate) -> APIProblem {
        APIProblem(
            .invalidRequest,
            "\(candidate.id) can't read what the conversation began with: it was compacted by another provider, and the "
                + "compaction is the only record of it. Send the whole conversation instead of the compaction, or begin "
                + "a new one with a summary in words.",
            field: "input", code: "context_lost")
    }

    static func noCompaction(_ candidate: Candidate) -> APIProblem {
        APIProblem(
            .notFound,
            "\(candidate.id) compacts no conversations. Ask the model for a summary in words and go on with that, or "
                + "ask a route that ends at a provider with OpenAI's Responses API.",
            field: "model", code: "unsupported_operation")
    }

    static func modelMissing(of provider: String) -> APIProblem {
        APIProblem(
            .notFound, "\"\(provider)\" is a provider; name a model of it, too: \"\(provider)/MODEL\".",
            field: "model", code: "model_not_found")
    }

    static func unlisted(provider: String, model: String, served: [String]) -> APIProblem {
        let list = served.isEmpty ? "none" : served.prefix(8).joined(separator: ", ")
        return APIProblem(
            .notFound, "The provider \"\(provider)\" does not serve \"\(shown(model))\"; it serves: \(list).",
            field: "model", code: "model_not_found")
    }

    /// A redirect, or another status that is neither an answer nor an error. It
    /// is not followed: the key, and the prompt, are for the address that the
    /// operator chose.
    static func redirect(_ status: Int, to location: String?, from candidate: Candidate) -> APIProblem {
        let address = location.map(Self.harmless)
        let target = address.map { $0.isEmpty ? "" : " to \($0)" } ?? ""
        return APIProblem(
            .badUpstream,
            "\(candidate.id) answered with a redirect (\(status))\(target), which Holdfast does not follow. Whoever runs "
                + "it can set the provider's `base_url` to the address that answers itself.", code: "provider_redirect")
    }

    /// An address without what could be a secret (a user, a query, a fragment)
    /// and without what a terminal obeys.
    private static func harmless(_ location: String) -> String {
        var bytes = Array(location.utf8.prefix { $0 != 0x3F && $0 != 0x23 }.prefix(400))
        let scheme = bytes.indices.dropLast(2).first { bytes[$0...].starts(with: [0x3A, 0x2F, 0x2F]) }
        let authority = scheme.map { $0 + 3 } ?? 0
        let path = bytes[authority...].firstIndex(of: 0x2F) ?? bytes.endIndex
        if let user = bytes[authority..<path].lastIndex(of: 0x40) { bytes.removeSubrange(authority...user) }
        return String(decoding: bytes.filter { (0x21...0x7E).contains($0) }.prefix(200), as: UTF8.self)
    }

    init(_ refusal: CannotCarry, _ candidate: Candidate) {
        // A reason may be a sentence of its own or the end of one.
        let reason = refusal.reason.hasSuffix(".") ? String(refusal.reason.dropLast()) : refusal.reason
        let field = Self.shown(refusal.field)
        self.init(
            .invalidRequest, "\(candidate.id) can't take this request: \(field) \(reason).", field: field,
            code: "unsupported_parameter")
    }

    init(_ failure: LaneFailure, at candidate: Candidate) {
        let who = candidate.id
        self =
            switch failure {
            case .unreachable(let why):
                APIProblem(.unavailable, "\(who) can't be reached: \(why).", code: "provider_unreachable")
            case .connectTimeout:
                APIProblem(.unavailable, "\(who) took no connection in time.", code: "provider_unreachable")
            case .closedBeforeHead:
                APIProblem(.badUpstream, "\(who) closed the connection without an answer.", code: "provider_closed")
            case .firstByteTimeout:
                APIProblem(.deadline, "\(who) gave no answer in time.", code: "provider_timeout")
            case .firstTokenTimeout:
                APIProblem(.deadline, "\(who) began an answer and said nothing in time.", code: "provider_timeout")
            case .stalled:
                APIProblem(
                    .deadline, "The answer of \(who) stopped and did not go on in time.", code: "provider_timeout")
            case .totalTimeout:
                APIProblem(.deadline, "\(who) did not finish its answer in time.", code: "provider_timeout")
            case .cut:
                APIProblem(.badUpstream, "\(who) broke off in the middle of its answer.", code: "provider_cut")
            case .garbage(let why):
                APIProblem(.badUpstream, "\(who) sent something that is no answer: \(why).", code: "provider_garbage")
            case .damaged(_, let why):
                APIProblem(.badUpstream, "The answer of \(who) came damaged: \(why).", code: "provider_damaged")
            case .overloaded(let why):
                APIProblem(.unavailable, "\(who) is busy: \(why).", code: "provider_busy", retryAfter: 1)
            case .usedUp(let wait): .egressUsedUp(who, wait: wait)
            case .ownShortage(let what): .ownShortage(what)
            case .notReady(let why):
                APIProblem(.unavailable, "\(who) is not ready: \(why).", code: "provider_not_ready", retryAfter: 2)
            }
    }

    /// Holdfast can't connect to anybody, whoever it is.
    static func ownShortage(_ what: String) -> APIProblem {
        APIProblem(
            .unavailable,
            "This Holdfast has \(what) left and can't connect to anybody at present; try again in a moment. Whoever runs "
                + "it can raise the limit (`ulimit -n`).", code: "out_of_resources", retryAfter: 1)
    }

    /// A long stream broke off.
    static let beyondContinuation = APIProblem(
        .badUpstream,
        "The answer broke off, and it was too long for another model to go on with it (`limits.continuation`). Send the "
            + "request again.", code: "continuation_too_long")

    /// More answers wait for their callers than there is memory for.
    package static let answersUnread = APIProblem(
        .unavailable,
        "Callers leave more of their answers unread than this Holdfast keeps (`limits.unread_answers`); try again in a "
            + "moment.", code: "answers_unread", retryAfter: 1)

    /// A caller's word, short enough to be repeated to it.
    private static func shown(_ text: some StringProtocol) -> String { KeyShape.masking(Printable.excerpt(text)) }
}

extension ProviderError {
    /// The provider's code for logs, if it is a word: whatever else stands
    /// there could quote a prompt.
    var word: String? {
        for text in [code, type] {
            guard let text, (1...64).contains(text.utf8.count) else { continue }
            let isWord = text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
            if isWord { return text }
        }
        return nil
    }
}

extension LaneFailure {
    /// One word for logs.
    var word: String {
        switch self {
        case .unreachable: "unreachable"
        case .connectTimeout: "connect_timeout"
        case .closedBeforeHead: "closed_before_head"
        case .firstByteTimeout: "first_byte_timeout"
        case .firstTokenTimeout: "first_token_timeout"
        case .stalled: "stalled"
        case .totalTimeout: "total_timeout"
        case .cut: "cut"
        case .garbage: "garbage"
        case .damaged(let offset, _): "damaged_at_\(offset)"
        case .overloaded: "overloaded"
        case .notReady: "not_ready"
        case .usedUp: "egress_budget"
        case .ownShortage: "own_shortage"
        }
    }
}

extension ResponseHead {
    /// The fields that every answer of Holdfast carries, whoever made it.
    mutating func addHoldfastFields(_ call: Call, _ record: RequestRecord, servedBy: String?) {
        fields.append("content-type", "application/json")
        addTrace(call, record, servedBy: servedBy)
    }

    mutating func addTrace(_ call: Call, _ record: RequestRecord, servedBy: String?) {
        fields.append("x-request-id", call.id)
        call.door.addAnswerFields(requestID: call.id, to: &fields)
        if let servedBy { fields.append("x-holdfast-served-by", servedBy) }
        if let first = record.standsInFor {
            fields.append("x-holdfast-stands-in-for", first)
            if let permit = record.permit, permit.isOfLead, let suspension = permit.suspension, servedBy != nil {
                fields.append(Self.suspensionField, suspension)
            }
        }
        fields.append("x-holdfast-attempts", String(record.attempts.count))
        if let supervision = record.supervision { fields.append("x-holdfast-supervision", supervision.extent.rawValue) }
        if !record.dropped.isEmpty {
            fields.append("x-holdfast-dropped", record.disclosedDropped)
        }
        if !call.answerFields.isEmpty { fields.fields += call.answerFields.fields }
    }

    /// Says which model answered, in the field in which the caller's API does:
    /// the name that the caller asked for, unless it was another model.
    /// - Parameter provider: The provider's own word for it; nil where it has
    ///   none.
    mutating func addModel(
        _ call: Call, _ requested: String, _ record: RequestRecord, of candidate: Candidate, provider: String?
    ) {
        guard let field = call.door.modelField else { return }
        let another = provider.flatMap { $0 == candidate.model ? nil : $0 }
        fields.append(field, another ?? (record.standsInFor == nil ? requested : candidate.id))
    }

    /// Adds the time when the model that serves will end, and its successor:
    /// `Deprecation` (RFC 9745; a structured date), `Sunset` (RFC 8594), `Link`
    /// with `successor-version` (RFC 5829). What the provider says itself goes
    /// before it, unless a standard stops the model earlier.
    mutating func add(_ end: AnnouncedEnd) {
        if end.isOfStandard, let sunset = fields["sunset"], HTTPDate.seconds(sunset).map({ end.ends < $0 }) ?? true {
            fields.fields.removeAll { $0.name == "sunset" || $0.name == "deprecation" }
        }
        if fields["deprecation"] == nil { fields.append("deprecation", "@\(end.deprecated)") }
        if fields["sunset"] == nil { fields.append("sunset", HTTPDate.text(end.ends)) }
        if let successor = end.successor, successor.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x3E }) {
            fields.append("link", "</v1/models/\(successor)>; rel=\"successor-version\"")
        }
    }

    /// The field with the suspension that refuses a request, or because of
    /// which another candidate stands in.
    package static let suspensionField = "x-holdfast-suspension"

    package mutating func addFields(of problem: APIProblem) {
        if let seconds = problem.retryAfter { fields.append("retry-after", String(seconds)) }
        if let suspension = problem.suspension { fields.append(Self.suspensionField, suspension) }
        if problem.kind == .gone || problem.kind == .outOfOrder || problem.isBlock {
            fields.append("x-should-retry", "false")
        }
    }
}

extension String {
    /// Longer than any provider's, ARNs among them.
    static let longestModelName = 1024

    /// True when a caller may name a model like that. Such names get into logs,
    /// metrics, entries of the ledger and reports, and into a request's
    /// address.
    var isModelName: Bool {
        utf8.count <= Self.longestModelName
            && unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}
