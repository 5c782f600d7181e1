import Wire

/// Most chunks of a stream are alike but for the words in them: those that
/// are like one that was read in full need no second parse.
struct WordsTemplate {
    private var known: (template: JSONTemplate, name: String, choice: Int)?
    private var learnt = 0

    /// Some servers put something new into every chunk: then learning costs
    /// more than it saves.
    private static let mostLearnt = 4

    /// - Parameter root: of a chunk that says nothing but words of this
    ///   choice.
    mutating func learn(from root: JSONView, of event: Frame, choice: Int) {
        guard learnt < Self.mostLearnt, let choices = root["choices"] else { return }
        var elements = choices.elements
        guard let first = elements.next(), elements.next() == nil, let delta = first["delta"],
            delta["tool_calls"] == nil, let content = delta["content"], content.kind == .string
        else { return }
        learnt += 1
        known = (JSONTemplate(varying: content), event.name, choice)
    }

    /// The words of a chunk like the one that was learnt; nil for others.
    func read(_ event: Frame) -> (choice: Int, text: String)? {
        guard let known, known.name == event.name, let text = known.template.string(in: event.data) else { return nil }
        return (known.choice, text)
    }

    func matches(_ event: Frame) -> Bool {
        guard let known, known.name == event.name else { return false }
        return known.template.matches(event.data)
    }
}
