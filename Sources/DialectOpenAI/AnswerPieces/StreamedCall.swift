import Conversation

/// A tool call while its fragments come: the name, then the arguments, which
/// are judged as one text once the call is whole.
struct StreamedCall {
    private var arguments = CallText()
    private var isNamed = false
    /// The member that its arguments come in; nil before the first of them.
    private var main: String?

    /// Takes a part of the name.
    /// - Returns: False behind the first of the arguments: nothing may stand
    ///   between two parts of those.
    mutating func takesName(_ text: String) -> Bool {
        guard main == nil else { return false }
        isNamed = isNamed || !text.isEmpty
        return true
    }

    /// Takes a fragment of the arguments.
    /// - Returns: The text that it adds to the text of the call, where arguments begin on
    ///   a line of their own; nil where another member has them.
    mutating func add(_ fragment: String, _ member: String) -> String? {
        guard main == nil || main == member else { return nil }
        guard !fragment.isEmpty else { return "" }
        let isFirst = main == nil
        main = member
        arguments.add(fragment)
        return isFirst && isNamed ? "\n" + fragment : fragment
    }

    /// The names and strings of the arguments; nil where no escape hides any.
    var unescaped: String? { arguments.unescaped }
}
