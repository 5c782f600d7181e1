/// The facts about a model that people ask for first. All of them are nil if the file doesn't contain them: safetensors
/// keeps them in a separate file.
extension WeightFile {
    package var name: String? { self[key: "general.name"]?.text }
    package var contextLength: UInt64? { own("context_length")?.count }
    package var layers: UInt64? { own("block_count")?.count }
    package var embeddingLength: UInt64? { own("embedding_length")?.count }
    package var experts: UInt64? { own("expert_count")?.count }
    package var expertsUsed: UInt64? { own("expert_used_count")?.count }

    /// True if the model generates text. An encoder, which reads in both directions, produces only vectors.
    package var answers: Bool {
        if case .bool(false)? = own("attention.causal") { return false }
        return !Self.encoders.contains(architecture ?? "")
    }

    private static let encoders: Set<String> = [
        "bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3", "eurobert",
        "t5encoder", "gemma-embedding", "llama-embed",
    ]

    /// `32`, or `0 to 32` where layers differ.
    package var heads: String? { own("attention.head_count").flatMap(Self.span) }
    package var headsOfKeysAndValues: String? { own("attention.head_count_kv").flatMap(Self.span) }

    /// The number of tensors of each type, largest number first.
    package var types: [(type: String, count: Int)] {
        Dictionary(grouping: tensors, by: \.type).map { ($0.key, $0.value.count) }
            .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }

    /// A key of the architecture's.
    private func own(_ name: String) -> WeightValue? { architecture.flatMap { self[key: "\($0).\(name)"] } }

    private static func span(_ value: WeightValue) -> String? {
        guard case .array(let array) = value else { return value.count.map(Amount.grouped) }
        let counts = array.elements.compactMap(\.count)
        guard let least = counts.min(), let most = counts.max() else { return nil }
        return least == most ? "\(least)" : "\(least) to \(most)"
    }
}
