import Access
import Conversation
import Failures
import NIOCore
package import Routing
import Synchronization
import Wire

/// That a provider will retire a model, as the provider says it.
package struct Announcement: Sendable, Hashable {
    /// As the provider calls it.
    package var model: String
    /// In seconds since 1970.
    package var retires: Int
    /// Since when, or from when on, it is deprecated; nil where nobody says.
    package var deprecated: Int?
    /// Another model of the same provider.
    package var successor: String?
    /// `list` or `header`.
    package var source: String

    package init(model: String, retires: Int, deprecated: Int? = nil, successor: String? = nil, source: String) {
        self.model = model
        self.retires = retires
        self.deprecated = deprecated
        self.successor = successor
        self.source = source
    }
}

/// The retirements that providers have announced since the process began. The
/// settings take precedence over them.
package final class Announcements: Sendable {
    private let known = Mutex<[String: Announcement]>([:])
    private let isEmptyFlag = Atomic<Bool>(true)

    package init() {}

    /// One atomic load, which is all that a request pays while nobody has
    /// announced anything.
    package var isEmpty: Bool { isEmptyFlag.load(ordering: .acquiring) }

    package subscript(provider: String, model: String) -> Announcement? {
        isEmpty ? nil : known.withLock { $0["\(provider)/\(model)"] }
    }

    /// - Returns: True when the announcement is new.
    @discardableResult
    package func note(_ announcement: Announcement, by provider: String) -> Bool {
        let isNews = known.withLock { known in
            let old = known.updateValue(announcement, forKey: "\(provider)/\(announcement.model)")
            return old?.retires != announcement.retires || old?.successor != announcement.successor
        }
        isEmptyFlag.store(false, ordering: .releasing)
        return isNews
    }

    /// Candidates with the dates that their providers announced, and with the
    /// successors that can be asked for.
    package func dated(_ candidates: [Candidate], in routes: RouteTable) -> [Candidate] {
        guard !isEmpty else { return candidates }
        return candidates.map { candidate in
            guard candidate.retires == nil, let announced = self[candidate.provider, candidate.model] else {
                return candidate
            }
            var candidate = candidate
            candidate.retires = announced.retires
            candidate.deprecated = announced.deprecated
            if candidate.successor == nil, let successor = announced.successor {
                let name = "\(candidate.provider)/\(successor)"
                if case .direct = routes.resolve(name) { candidate.successor = name }
            }
            return candidate
        }
    }
}

extension Announcement {
    /// Reads the retirements in a provider's list of models. Models without a
    /// date are not in the result.
    ///
    /// Mistral: `deprecation`, `deprecation_replacement_model`
    /// (https://docs.mistral.ai/api/endpoint/models).
    /// Azure: `deprecation: {inference}` in seconds
    /// (https://learn.microsoft.com/rest/api/azureopenai/models/list).
    /// OpenRouter: `expiration_date`
    /// (https://openrouter.ai/docs/api-reference/list-available-models).
    /// Bedrock: `modelSummaries`, each with a `modelLifecycle`.
    /// Others name it in one of the ways below.
    static func read(_ body: ByteBuffer) -> [Announcement] {
        guard let root = try? JSONDocument(body).root else { return [] }
        if let summaries = root["modelSummaries"] { return bedrock(summaries) }
        let list = root["data"] ?? root["models"] ?? root
        return list.elements.prefix(10_000).compactMap { entry in
            guard let model = (entry["id"] ?? entry["name"])?.string, !model.isEmpty, model.utf8.count <= 200 else {
                return nil
            }
            let nested = entry["deprecation"]
            let dates = [
                nested?["inference"], entry["retirement_date"], entry["retires_at"], entry["shutdown_date"],
                entry["expiration_date"], entry["sunset"], entry["end_of_life"], entry["deprecation_date"], nested,
            ]
            guard let retires = dates.lazy.compactMap({ $0.flatMap(moment) }).first else { return nil }
            let successor = (entry["deprecation_replacement_model"] ?? entry["replacement"])?.string
            let deprecated = (entry["deprecated_at"] ?? entry["deprecation_announced"]).flatMap(moment)
            return Announcement(
                model: model, retires: retires, deprecated: deprecated,
                successor: successor.flatMap { $0.isEmpty ? nil : $0 }, source: "list")
        }
    }

    /// Reads the models of Bedrock's `ListFoundationModels`. A model's extended
    /// access, at another price, ends with its life. What is said of a model
    /// holds for its inference profiles, too.
    private static func bedrock(_ summaries: JSONView) -> [Announcement] {
        summaries.elements.prefix(10_000).flatMap { entry -> [Announcement] in
            guard let model = entry["modelId"]?.string, !model.isEmpty, model.utf8.count <= 200,
                let lifecycle = entry["modelLifecycle"], let retires = lifecycle["endOfLifeTime"].flatMap(moment)
            else { return [] }
            let deprecated = lifecycle["legacyTime"].flatMap(moment)
            return profiles.map {
                Announcement(model: $0 + model, retires: retires, deprecated: deprecated, source: "list")
            }
        }
    }

    /// The prefixes of inference profiles that Amazon defines; none is the
    /// model itself.
    private static let profiles = ["", "us.", "us-gov.", "ca.", "eu.", "apac.", "jp.", "au.", "global."]

    /// Reads the announcement in an answer's head: `Sunset` (RFC 8594), and
    /// with it `Deprecation` (RFC 9745, or the HTTP date of its drafts).
    static func read(_ fields: HTTPFieldList, model: String) -> Announcement? {
        guard let sunset = fields["sunset"], let retires = HTTPDate.seconds(sunset) else { return nil }
        var deprecated: Int?
        if let text = fields["deprecation"] {
            deprecated = text.hasPrefix("@") ? Int(text.dropFirst()) : HTTPDate.seconds(text)
        }
        return Announcement(model: model, retires: retires, deprecated: deprecated, source: "header")
    }

    /// Seconds since 1970, a day or a time.
    private static func moment(_ view: JSONView) -> Int? {
        if let seconds = view.int { return (1_000_000_000..<100_000_000_000).contains(seconds) ? seconds : nil }
        return view.string.flatMap { UnixTime($0) }.map { Int($0.seconds) }
    }
}

/// Asks providers for their models, for what they say of retirements.
extension Gateway {
    /// - Returns: The new announcements, by provider.
    package func readModelList(
        of name: String, on executor: EventLoopTaskExecutor
    ) async -> [(provider: String, announcement: Announcement)] {
        guard let provider = state.providers[name], let path = provider.dialect.modelsPath,
            provider.hasModelList
        else { return [] }
        guard !isSuspended(provider) else { return [] }
        var request = LaneRequest(method: "GET", path: path)
        request.limits.firstByte = .seconds(30)
        request.limits.deadline = .now() + .seconds(60)
        let body = try? await provider.modelListLane.exchange(request, on: executor) { response in
            (200..<300).contains(response.head.status) ? try await response.collect(upTo: 16 << 20) : nil
        }
        guard let body = body ?? nil else { return [] }
        return Announcement.read(state.secrets.masking(body)).filter { continuity.announcements.note($0, by: name) }.map
        { (name, $0) }
    }
}
