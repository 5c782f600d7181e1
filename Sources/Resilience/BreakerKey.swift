/// The name of the thing that a breaker protects: a model, a host or a
/// credential.
struct BreakerKey: Sendable, Hashable {
    let kind: BreakerReport.Kind
    /// Unique among all kinds.
    let text: String

    static func model(_ place: Target) -> BreakerKey {
        BreakerKey(kind: .model, text: "model:\(place.provider)/\(place.model)")
    }

    static func host(_ place: Target) -> BreakerKey { BreakerKey(kind: .host, text: "host:\(place.host)") }

    static func credential(_ place: Target) -> BreakerKey {
        BreakerKey(kind: .credential, text: "credential:\(place.credential)@\(place.host)")
    }

    /// All that a request to this place passes.
    static func all(_ place: Target) -> [BreakerKey] { [.host(place), .credential(place), .model(place)] }
}
