/// The part of the service that a suspension stops.
///
/// Its text is `kind:value`, as commands, statements and records write it:
/// `model:openai/gpt-4o`, `weights:smollm2@3`, `lab:anthropic`, `host:aws`,
/// `region:us`, `route:assistant`, `key:team-a`.
package enum SuspendedScope: Sendable, Hashable {
    /// One model at one provider, `provider/model`.
    case model(String)
    /// The weights of a hosted model up to and including a custody epoch.
    case weights(model: String, epoch: Int64)
    /// All models of one maker.
    case lab(String)
    /// All models on the machines of one operator.
    case host(String)
    /// All models that run in one place.
    case region(String)
    /// One route, for all callers. Its candidates serve other routes.
    case route(String)
    /// All requests with one caller's key.
    case key(String)

    /// The kinds as their texts begin.
    package static let kinds = ["model", "weights", "lab", "host", "region", "route", "key"]

    /// - Returns: nil for a text of no such form; ``kinds`` names the forms.
    package init?(_ text: String) {
        guard text.utf8.count <= 300, let colon = text.firstIndex(of: ":") else { return nil }
        let value = String(text[text.index(after: colon)...])
        guard !value.isEmpty, !value.unicodeScalars.contains(where: { $0.value < 0x21 || $0.value == 0x7F }) else {
            return nil
        }
        switch text[..<colon] {
        case "model":
            guard value.contains("/") else { return nil }
            self = .model(value)
        case "weights":
            guard let at = value.lastIndex(of: "@"), let epoch = Int64(value[value.index(after: at)...]), epoch >= 0,
                at != value.startIndex
            else { return nil }
            self = .weights(model: String(value[..<at]), epoch: epoch)
        case "lab": self = .lab(value)
        case "host": self = .host(value)
        case "region": self = .region(value)
        case "route": self = .route(value)
        case "key": self = .key(value)
        default: return nil
        }
    }

    package var text: String {
        switch self {
        case .model(let id): "model:\(id)"
        case .weights(let model, let epoch): "weights:\(model)@\(epoch)"
        case .lab(let name): "lab:\(name)"
        case .host(let name): "host:\(name)"
        case .region(let name): "region:\(name)"
        case .route(let name): "route:\(name)"
        case .key(let id): "key:\(id)"
        }
    }

    /// True where the scope stops candidates, for every caller and route.
    package var isOfCandidates: Bool {
        switch self {
        case .model, .weights, .lab, .host, .region: true
        case .route, .key: false
        }
    }

    /// True where the scope stops this candidate for every caller and route.
    package func covers(_ candidate: SuspensionSubject) -> Bool {
        switch self {
        case .model(let id): candidate.id == id
        case .weights(let model, let epoch):
            candidate.weights == model && (candidate.epoch.map { $0 <= epoch } ?? true)
        case .lab(let name): candidate.lab == name
        case .host(let name): candidate.host == name
        case .region(let name): candidate.region == name
        case .route, .key: false
        }
    }

    /// True where the scope stops requests of this key on this route.
    /// - Parameter route: nil where the caller named a provider.
    package func covers(key: String, route: String?) -> Bool {
        switch self {
        case .key(let id): id == key
        case .route(let name): name == route
        case .model, .weights, .lab, .host, .region: false
        }
    }
}

/// The properties of a candidate by which suspensions find it.
package struct SuspensionSubject: Sendable, Hashable {
    /// `provider/model`.
    package var id: String
    package var lab, host, region: String?
    /// The name of the hosted weights, and their custody epoch; nil for models
    /// that others host. Without a known epoch every suspension of the weights
    /// counts.
    package var weights: String?
    package var epoch: Int64?

    package init(
        id: String, lab: String? = nil, host: String? = nil, region: String? = nil, weights: String? = nil,
        epoch: Int64? = nil
    ) {
        self.id = id
        self.lab = lab
        self.host = host
        self.region = region
        self.weights = weights
        self.epoch = epoch
    }
}
