/// The choices that a caller may make about an operator's account at a
/// provider: whose project pays, and where or by whom the request is served.
/// None, unless the provider's settings allow it by name.
package struct CallerChoices: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The header fields of these names.
    package static let organization = CallerChoices(rawValue: 1 << 0)
    package static let project = CallerChoices(rawValue: 1 << 1)
    /// The part of the path after the question mark: it may hold a key.
    package static let query = CallerChoices(rawValue: 1 << 2)
    /// The top-level members of these names: other models, other hosts, other
    /// regions than the settings name.
    package static let models = CallerChoices(rawValue: 1 << 3)
    package static let provider = CallerChoices(rawValue: 1 << 4)
    package static let route = CallerChoices(rawValue: 1 << 5)
    package static let inferenceGeo = CallerChoices(rawValue: 1 << 6)
    /// Bedrock's project, as a member or as a header field.
    package static let projectIdentifier = CallerChoices(rawValue: 1 << 7)

    /// As settings, header fields and requests name them.
    package static let names: [(key: String, value: CallerChoices)] = [
        ("openai-organization", .organization), ("openai-project", .project), ("query", .query),
        ("models", .models), ("provider", .provider), ("route", .route), ("inference_geo", .inferenceGeo),
        ("projectIdentifier", .projectIdentifier),
    ]

    /// The choices that are about an account itself: where callers bring a
    /// credential of their own, they are theirs to make.
    package static let account: CallerChoices = [.organization, .project, .projectIdentifier]

    /// The choices that a header field of that name, in lower case, makes;
    /// empty for all others.
    ///
    /// The families of fields that go through are open lists, so that the
    /// words of a name count: one that nobody knows yet may choose, too.
    package static func ofField(_ name: String) -> CallerChoices {
        switch name {
        case "anthropic-version", "anthropic-beta", "openai-beta", "idempotency-key": []
        default:
            words.reduce(into: []) { choices, word in
                if name.split(separator: "-").contains(where: { $0 == word.word }) { choices.insert(word.choice) }
            }
        }
    }

    /// The words in the names of fields that choose something of an account.
    private static let words: [(word: Substring, choice: CallerChoices)] = [
        ("organization", .organization), ("account", .organization), ("project", .project), ("workspace", .project),
        ("projectidentifier", .projectIdentifier),
        ("residency", .inferenceGeo), ("region", .inferenceGeo), ("geo", .inferenceGeo), ("provider", .provider),
        ("route", .route),
    ]

    /// The first of them by its name.
    package var firstName: String? { Self.names.first { contains($0.value) }?.key }
}
