package import Wire

/// An API that applications or providers speak, as translations to and from
/// the shared terms. Pure: bytes in, bytes out.
///
/// A ``CallerProtocol`` is such an API as applications speak it to Holdfast, a
/// ``ProviderProtocol`` as Holdfast speaks it to providers; a dialect may be
/// both. A caller may speak another dialect than the provider that answers. The
/// caller's protocol decodes the request into a ``ChatRequest``, and the
/// provider's encodes it; the answer goes the other way, as a ``ChatReply`` or
/// as ``StreamEvent``s. Where both are of the same name, bytes are passed
/// through, and a ``StreamWatcher`` reads along.
///
/// What not every API has is a protocol of its own: embeddings
/// (``EmbeddingsCaller``, ``EmbeddingsProvider``), counting tokens
/// (``TokenCountCaller``, ``TokenCountProvider``) and lists of models
/// (``ModelListWriter``). Whoever composes the server says which of them a door
/// or a provider has; no request looks for one.
package protocol Dialect: Sendable {
    var name: DialectName { get }
    /// The way in which its streams are divided into frames.
    var framing: Framing { get }
}
