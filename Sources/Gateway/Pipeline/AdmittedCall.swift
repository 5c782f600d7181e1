import Conversation
import Encodings
import NIOCore
import Resilience
import Routing
import Wire

/// A call whose body is JSON and names a model. What else stands in it is
/// read only when a provider of another dialect has to be told.
final class AdmittedCall {
    let call: Call
    /// The top object's members, the rest checked but not indexed.
    private let skimmed: JSONDocument
    /// The place of the model's name in the body; nil where the path names it.
    private let modelView: JSONView?
    let requestedModel: String
    let isStream: Bool
    /// True when the body is too large to be read on the event loop.
    let isHeavy: Bool
    /// True where names that are given twice were refused at any depth.
    let isStrict: Bool
    /// The members with which the caller chooses among the services of an
    /// operator's account.
    private let choices: CallerChoices
    private let names: MemberNames
    /// The request in shared terms, once it was needed.
    private var decoded: ChatRequest?

    /// - Parameter isStrict: True where names that are given twice are refused
    ///   at any depth, and not at the top alone.
    init(_ call: Call, isHeavy: Bool = false, isStrict: Bool = false) throws(APIProblem) {
        self.call = call
        self.isHeavy = isHeavy
        self.isStrict = isStrict
        do {
            skimmed = try JSONDocument(call.body, limits: isStrict ? .strictSkim : .skim)
        } catch {
            throw APIProblem(
                .invalidRequest, "The body is not a JSON object that can be read: \(error).", code: "invalid_json")
        }
        let root = skimmed.root
        guard root.kind == .object else {
            throw APIProblem(.invalidRequest, "The body must be a JSON object.", code: "invalid_json")
        }
        names = MemberNames(root, watching: Self.choosing)
        if let clash = names.clash { throw .sameName(clash.first, clash.second) }
        // In the order of their bits.
        choices = CallerChoices(rawValue: UInt8(names.found) << 3)
        let head = try call.door.readHead(root, at: call.path)
        let model: String
        switch head.model {
        case .body(let view):
            // Before anything looks at it: a name may be as long as a body.
            guard view.range.count <= 6 * String.longestModelName + 2 else { throw .noModelName(view.word ?? "") }
            model = view.string ?? ""
            modelView = view
        case .path(let name):
            model = name
            modelView = nil
        }
        guard !model.isEmpty, model.utf8.count <= String.longestModelName else { throw .noModelName(model) }
        requestedModel = model
        isStream = call.operation.isChat && head.isStream
    }

    /// The members that are choices, in the order of `CallerChoices`.
    private static let choosing: [StaticString] = ["models", "provider", "route", "inference_geo", "projectIdentifier"]

    /// - Throws: ``APIProblem`` naming the first member that a key or a route
    ///   forbids.
    func refuse(forbidden: [String], by whom: String) throws(APIProblem) {
        guard let name = forbidden.first(where: names.contains) else { return }
        throw .forbiddenMember(name, by: whom)
    }

    /// - Throws: ``APIProblem`` where the caller chooses something that the
    ///   settings leave to no caller.
    private func checkChoices(_ candidate: Candidate, _ provider: Provider) throws(APIProblem) {
        guard !choices.isSubset(of: provider.choices) else { return }
        let name = choices.subtracting(provider.choices).firstName ?? ""
        throw APIProblem(
            CannotCarry(
                name,
                "chooses who serves the request, or where, and that is for Holdfast's settings to say; leave it out, "
                    + "or have `allow: [\(name)]` set for the provider \(provider.name)"), candidate)
    }

    /// The request as that candidate's provider wants it.
    /// - Parameter foreign: The items in it that the provider can't read.
    /// - Throws: ``APIProblem`` when the candidate can't carry it, naming the
    ///   field; the next candidate may.
    func outgoing(
        to candidate: Candidate, at provider: Provider, bringing foreign: [BoundItem] = []
    ) throws(APIProblem) -> Outgoing {
        if foreign.contains(where: \.isRecord) { throw .contextLost(candidate) }
        switch call.operation {
        case .chat:
            if case .none(let reason) = provider.abilities.chat {
                throw APIProblem(
                    .invalidRequest, "\(candidate.id) doesn't answer: \(reason). Ask for another model.",
                    field: "model",
                    code: "unsupported_operation")
            }
            if provider.takesBytes(of: call.door) {
                return try passThrough(
                    chatEndpoint(of: candidate, at: provider), to: candidate, at: provider, without: foreign)
            }
            let request = try chat()
            var dropped = try leaveBehind(request.leftovers, candidate, provider)
            do throws(CannotCarry) {
                let body = try provider.dialect(for: call.door).encodeChat(
                    request, model: candidate.model, dropped: &dropped)
                return Outgoing(
                    kind: .request(LaneRequest(path: chatEndpoint(of: candidate, at: provider), body: body)),
                    translation: .chat(request),
                    dropped: Self.distinct(dropped))
            } catch {
                throw APIProblem(error, candidate)
            }
        case .embeddings(let caller):
            let embeddings: any EmbeddingsProvider
            switch provider.abilities.embeddings {
            case .served(let known): embeddings = known
            case .none(let reason):
                throw APIProblem(
                    .invalidRequest, "\(candidate.id) makes no embeddings: \(reason).", field: "model",
                    code: "unsupported_operation")
            }
            let path = embeddings.embeddingsEndpoint(model: candidate.model)
            if provider.takesBytes(of: call.door) { return try passThrough(path, to: candidate, at: provider) }
            let request = try caller.decodeEmbeddings(try whole(), at: call.path)
            var dropped = try leaveBehind(request.leftovers, candidate, provider)
            do throws(CannotCarry) {
                let body = try embeddings.encodeEmbeddings(request, model: candidate.model, dropped: &dropped)
                return Outgoing(
                    kind: .request(LaneRequest(path: path, body: body)),
                    translation: .embeddings(request, from: embeddings, to: caller),
                    dropped: Self.distinct(dropped))
            } catch {
                throw APIProblem(error, candidate)
            }
        case .compaction:
            guard let compactions = provider.abilities.compactions, compactions.name == call.door.name else {
                throw .noCompaction(candidate)
            }
            return try passThrough(
                compactions.compactionEndpoint(model: candidate.model), to: candidate, at: provider, without: foreign)
        case .countTokens(let caller):
            if let counts = provider.abilities.tokenCounts, provider.takesBytes(of: call.door) {
                return try passThrough(
                    counts.tokenCountEndpoint(model: candidate.model), to: candidate, at: provider)
            }
            let request = try caller.decodeCountTokens(try whole(), at: call.path)
            let dropped = try leaveBehind(request.leftovers, candidate, provider)
            let kind: Outgoing.Kind =
                if let counter = provider.abilities.counter {
                    .count(caller, request, counter)
                } else {
                    .estimate(caller, request)
                }
            return Outgoing(kind: kind, translation: .none, dropped: dropped)
        }
    }

    private func chatEndpoint(of candidate: Candidate, at provider: Provider) -> String {
        provider.dialect(for: call.door).chatEndpoint(model: candidate.model, isStream: isStream)
    }

    /// A request that Holdfast made out of this one.
    /// - Parameter translation: The way in which the answer is read.
    /// - Throws: ``APIProblem`` when the candidate can't carry it.
    func outgoing(
        _ request: ChatRequest, to candidate: Candidate, at provider: Provider,
        answering translation: Outgoing.Translation
    ) throws(APIProblem) -> Outgoing {
        let isOwn = provider.takesBytes(of: call.door)
        var dropped = isOwn ? [] : try leaveBehind(request.leftovers, candidate, provider)
        if isOwn {
            try checkChoices(candidate, provider)
        } else if let field = call.door.bindingFields.first(where: { call.fields[$0] != nil }) {
            throw APIProblem(
                CannotCarry(field, "has a meaning at providers of the caller's own API only; leave it out"), candidate)
        }
        let fields = isOwn ? provider.admit(call.fields, dropped: &dropped) : .init()
        let original = try chat()
        if original.effort != nil, request.effort == nil { dropped.append("reasoning_effort") }
        if original.reasoning != nil, request.reasoning == nil { dropped.append("thinking") }
        var asked = request
        // What it costs has to be known, whether or not the caller asked.
        asked.includeUsage = true
        do throws(CannotCarry) {
            var body = try provider.dialect(for: call.door).encodeChat(asked, model: candidate.model, dropped: &dropped)
            if isOwn { body = carryingOver(request.leftovers, into: body, dropped: &dropped) }
            return Outgoing(
                kind: .request(
                    LaneRequest(path: chatEndpoint(of: candidate, at: provider), fields: fields, body: body)),
                translation: translation, dropped: Self.distinct(dropped))
        } catch {
            throw APIProblem(error, candidate)
        }
    }

    /// The caller's own dialect can say what the shared terms can't: those
    /// members go along as they came. What stands inside of others can't, and is
    /// named.
    private func carryingOver(
        _ leftovers: [Leftover], into body: ByteBuffer, dropped: inout [String]
    ) -> ByteBuffer {
        let names = Set(leftovers.filter(\.isTopLevel).map(\.field))
        dropped += leftovers.filter { !$0.isTopLevel }.map(\.field)
        guard !names.isEmpty, let end = body.readableBytesView.lastIndex(of: UInt8(ascii: "}")) else { return body }
        var result = body.getSlice(at: body.readerIndex, length: end - body.readerIndex)!
        let said = try? JSONDocument(body, limits: .skim)
        for (member, value) in skimmed.root.members {
            guard let name = member.word, names.contains(name) else { continue }
            // What Holdfast says itself is not said twice.
            guard said?.root.members.contains(where: { $0.name.word == name }) != true else {
                dropped.append(name)
                continue
            }
            result.writeStaticString(",")
            JSONString.append(name, to: &result)
            result.writeStaticString(":")
            result.writeImmutableBuffer(value.fragment.bytes)
        }
        result.writeStaticString("}")
        return result
    }

    /// The items that the caller sends back and only their maker can read.
    lazy var boundItems: [BoundItem] = call.door.items?.boundItems(in: skimmed.root) ?? []

    /// The most tokens that the caller wants of an answer, of all choices
    /// together; nil where it doesn't say.
    var mostTokens: Int? { call.door.mostTokens(skimmed.root) }

    /// The word by which the caller's requests of one session are known, cut;
    /// nil where there is none.
    var session: String? {
        if let session = call.marks.session { return session }
        guard let key = call.door.cacheKey(skimmed.root), key.kind == .string, key.range.count <= 1024 else {
            return nil
        }
        return key.string.flatMap { $0.isEmpty ? nil : Printable.excerpt($0, AgentMarks.longest) }
    }

    /// True when the request continues a conversation that a provider keeps,
    /// and holds only what is new.
    var continuesThread: Bool { call.door.continuesThread(skimmed.root) }

    /// True when an answer to the request can be expressed in the shared terms:
    /// one choice, of text and tool calls.
    var isContinuable: Bool { isStream && !continuesThread && call.door.expectsSharedTerms(skimmed.root) }

    /// Returns the capabilities that the request needs and that `capabilities`
    /// lacks.
    func needs(beyond capabilities: Capabilities) throws(APIProblem) -> Capabilities {
        guard call.operation.isChat, !capabilities.isSuperset(of: .askable) else { return [] }
        return try chat().needs.subtracting(capabilities)
    }

    /// The caller's bytes with the candidate's own name of the model.
    private func passThrough(
        _ path: String, to candidate: Candidate, at provider: Provider, without foreign: [BoundItem] = []
    ) throws(APIProblem) -> Outgoing {
        try checkChoices(candidate, provider)
        var dropped: [String] = []
        let fields = provider.admit(call.fields, dropped: &dropped)
        var splices = Splices()
        if let modelView, candidate.model != requestedModel { splices.replace(modelView, with: candidate.model) }
        let indices = foreign.map(\.index)
        do throws(CannotCarry) {
            if case .compaction = call.operation {
                try provider.abilities.compactions?.repairCompaction(
                    skimmed.root, leavingOut: indices, dropped: &dropped, into: &splices)
            } else if call.operation.holdsConversation {
                try provider.dialect(for: call.door).repair(
                    skimmed.root, leavingOut: indices, model: candidate.model, dropped: &dropped, into: &splices)
            }
        } catch {
            throw APIProblem(error, candidate)
        }
        let body = splices.apply(to: call.body)
        var path = path
        if !call.query.isEmpty {
            let items = call.query.split(separator: "&")
            let admitted =
                provider.choices.contains(.query)
                ? items : items.filter { provider.dialect(for: call.door).queryItems.contains(String($0)) }
            if admitted.count < items.count { dropped.append("query") }
            if !admitted.isEmpty { path += "?" + admitted.joined(separator: "&") }
        }
        return Outgoing(
            kind: .request(LaneRequest(path: path, fields: fields, body: body)), translation: .none, dropped: dropped)
    }

    /// The call with another model at `path` (`tools.0.model`,
    /// `tools[0].model`); nil where none stands there or the table has none
    /// for it.
    func replacingModel(at path: String, by table: [String: String]) -> Call? {
        guard let document = try? whole() else { return nil }
        var view = document.root
        for part in path.split(whereSeparator: { ".[]".contains($0) }) {
            let next: JSONView? =
                if view.kind == .array, let index = Int(part), index >= 0 {
                    view.elements.dropFirst(index).first { _ in true }
                } else {
                    view.members.first { $0.0.word == String(part) }?.1
                }
            guard let next else { return nil }
            view = next
        }
        guard let named = view.word, let other = table[named] else { return nil }
        var name = ByteBuffer()
        JSONString.append(other, to: &name)
        return call.with(document.replacing(view, with: name))
    }

    func chat() throws(APIProblem) -> ChatRequest {
        if let decoded { return decoded }
        var request = try call.door.decodeChat(try whole(), at: call.path)
        request.arrived = call.arrived
        decoded = request
        return request
    }

    func whole() throws(APIProblem) -> JSONDocument {
        do throws(JSONProblem) {
            return try JSONDocument(call.body)
        } catch {
            throw APIProblem(.invalidRequest, "The body can't be read: \(error).", code: "invalid_json")
        }
    }

    /// - Returns: the advisory fields, to be disclosed.
    private func leaveBehind(
        _ leftovers: [Leftover], _ candidate: Candidate, _ provider: Provider
    ) throws(APIProblem) -> [String] {
        do throws(CannotCarry) {
            return try provider.dialect(for: call.door).leavingBehind(leftovers)
        } catch {
            throw APIProblem(error, candidate)
        }
    }

    private static func distinct(_ names: [String]) -> [String] {
        var seen = Set<String>()
        return names.filter { seen.insert($0).inserted }
    }
}

extension ChatRequest {
    /// The capabilities that a model needs to answer this request.
    var needs: Capabilities {
        var needs: Capabilities = []
        if !tools.isEmpty { needs.insert(.tools) }
        if logprobs != nil { needs.insert(.logprobs) }
        if case .jsonSchema = responseFormat { needs.insert(.jsonSchema) }
        if messages.contains(where: { $0.content.contains(where: \.holdsImage) }) { needs.insert(.images) }
        return needs
    }
}

extension Part {
    fileprivate var holdsImage: Bool {
        switch self {
        case .image: true
        case .toolResult(let result): result.content.contains(where: \.holdsImage)
        default: false
        }
    }
}
