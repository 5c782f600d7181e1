extension ChatRequest {
    /// The reason why no provider could answer the request, as its members
    /// contradict one another or say nothing; nil where there is none.
    ///
    /// To be asked where a request is written anew. Where bytes pass, the provider
    /// says so itself.
    package var nonsense: CannotCarry? {
        guard messages.contains(where: \.asks) else {
            return CannotCarry(
                "messages",
                "say nothing that a model could answer: they hold another model's reasoning at most. Send a message, too"
            )
        }
        switch toolChoice {
        case .required where tools.isEmpty: return CannotCarry("tool_choice", "asks for a tool, but there are no tools")
        case .tool where tools.isEmpty: return CannotCarry("tool_choice", "asks for a tool, but there are no tools")
        case .tool(""): return CannotCarry("tool_choice.function.name", "is empty")
        case .tool(let name) where !tools.contains { $0.name == name }:
            return CannotCarry("tool_choice", "names `\(name)`, which is not among `tools`")
        case .auto, ToolChoice.none?, .required, .tool, nil: return nil
        }
    }
}

extension Message {
    /// True where a model has something to answer or to go on with. A turn of the
    /// user's that says nothing is one, too.
    fileprivate var asks: Bool { role != .assistant && content.isEmpty || !content.allSatisfy(\.isThinking) }
}

extension Part {
    /// True for what a model has thought, which only a model reads.
    package var isThinking: Bool {
        switch self {
        case .thinking, .redactedThinking: true
        case .text, .image, .refusal, .toolCall, .toolResult: false
        }
    }
}
