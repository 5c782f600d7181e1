/// The destination of a request: everything about it that a failure can be
/// remembered for.
package struct Target: Sendable, Hashable {
    /// The provider's name in the settings.
    package var provider: String
    /// The authority that its requests are sent to.
    package var host: String
    /// The fingerprint of the key's value; empty where none is needed.
    package var credential: String
    /// The model as that provider calls it.
    package var model: String

    package init(provider: String, host: String, credential: String, model: String) {
        self.provider = provider
        self.host = host
        self.credential = credential
        self.model = model
    }
}
