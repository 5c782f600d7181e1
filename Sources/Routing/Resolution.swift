/// The meaning of a request's `model`.
///
/// A refusal is a value here, and not an error: the door that the request came
/// through knows how its dialect expresses 404 or 503.
package enum Resolution: Sendable, Hashable {
    /// The name of a route.
    case route(Route)
    /// `provider/model`, and the provider takes it.
    case direct(Candidate)
    /// Neither a route nor a known provider. The suggestion is the nearest
    /// name that the caller may use, where one is near.
    case unknown(suggestion: String?)
    /// The provider exists but lists other models.
    case modelNotServed(provider: String, model: String, served: [String])
    /// The provider exists but was skipped when the settings were read.
    case providerUnavailable(provider: String, reason: String)
}
