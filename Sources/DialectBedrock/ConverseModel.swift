import DialectAnthropic

/// The maker of a model, as far as the id tells: Bedrock refuses what a model
/// has no word for, and each maker has words of its own.
enum ConverseModel {
    case claude(ModelTraits)
    case nova
    /// OpenAI's open models.
    case gpt
    /// Every other one, and every id that hides its model
    /// (`application-inference-profile`).
    case other

    init(_ id: String) {
        // An id has 2048 characters at the most.
        let id = id.utf8.count <= 2048 ? id.lowercased() : ""
        if id.contains("claude-") {
            self = .claude(ModelTraits(id))
        } else if id.contains("amazon.nova-") {
            self = .nova
        } else if id.contains("openai.") {
            self = .gpt
        } else {
            self = .other
        }
    }

    /// True where the model takes back the thinking that it has signed.
    var takesThinking: Bool {
        if case .claude = self { true } else { false }
    }
}
