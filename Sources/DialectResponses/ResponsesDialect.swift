package import Conversation
package import Wire

/// OpenAI's Responses API, as applications speak it and as providers do.
///
/// https://platform.openai.com/docs/api-reference/responses, and the
/// specification of Open Responses; where both are silent, the official Python
/// client's types decide.
package struct ResponsesDialect: Sendable {
    /// The traits of the provider's server; no matter for a door.
    package let traits: ServerTraits
    /// Seconds since 1970, for answers of providers that don't say when.
    let now: @Sendable () -> Int

    /// - Parameters:
    ///   - traits: The features of the provider's server.
    ///   - now: The present time, in seconds since 1970.
    package init(traits: ServerTraits = Flavour.openai.traits, now: @escaping @Sendable () -> Int) {
        self.traits = traits
        self.now = now
    }

    package var name: DialectName { .responses }
    package var framing: Framing { .serverSentEvents }
}
