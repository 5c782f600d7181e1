package import Conversation

/// Things that not every model can do, and that a request may need.
package struct Capabilities: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Calls tools.
    package static let tools = Capabilities(rawValue: 1 << 0)
    /// Looks at images.
    package static let images = Capabilities(rawValue: 1 << 1)
    /// Keeps to a JSON Schema (OpenAI's `response_format`).
    package static let jsonSchema = Capabilities(rawValue: 1 << 2)
    /// Goes on from an assistant's turn that it is given as the last one.
    package static let prefill = Capabilities(rawValue: 1 << 3)
    /// Tells log-probabilities.
    package static let logprobs = Capabilities(rawValue: 1 << 4)

    /// Those that a request may ask for: a prefill is Holdfast's own doing.
    package static let askable: Capabilities = [.tools, .images, .jsonSchema, .logprobs]

    /// The words of the settings.
    package static let names: KeyValuePairs<String, Capabilities> = [
        "tools": .tools, "images": .images, "json_schema": .jsonSchema, "prefill": .prefill, "logprobs": .logprobs,
    ]

    /// The words of the settings for what is in the set, in a fixed order.
    package var names: [String] { Self.names.filter { contains($0.value) }.map(\.key) }

    /// Returns the capabilities that a provider of that dialect is assumed to
    /// have when the settings don't say. Prefill only where it is certain:
    /// providers' newer models refuse it.
    package static func usual(for dialect: DialectName) -> Capabilities {
        dialect == .engine
            ? [.tools, .jsonSchema, .prefill, .logprobs] : [.tools, .images, .jsonSchema, .logprobs]
    }
}
