package import Conversation
package import Wire

/// A value of a request together with its path in the caller's terms
/// (`messages[2].content[0].text`). The path is built only for a message.
package struct Field {
    package let view: JSONView
    private let path: Path

    private indirect enum Path {
        case root
        case name(StaticString, in: Path)
        case dynamic(String, in: Path)
        case index(Int, in: Path)
    }

    package init(root: JSONView) {
        view = root
        path = .root
    }

    private init(_ view: JSONView, _ path: Path) {
        self.view = view
        self.path = path
    }

    package func member(_ name: StaticString, _ value: JSONView) -> Field { Field(value, .name(name, in: path)) }
    package func member(dynamic name: String, _ value: JSONView) -> Field { Field(value, .dynamic(name, in: path)) }
    package func element(_ index: Int, _ value: JSONView) -> Field { Field(value, .index(index, in: path)) }

    /// The path in words.
    package var name: String { Self.describe(path) }

    private static func describe(_ path: Path) -> String {
        func join(_ parent: Path, _ name: String) -> String {
            if case .root = parent { return name }
            return "\(describe(parent)).\(name)"
        }
        switch path {
        case .root: return ""
        case .name(let name, let parent): return join(parent, name.description)
        case .dynamic(let name, let parent): return join(parent, name)
        case .index(let index, let parent): return "\(describe(parent))[\(index)]"
        }
    }

    package func problem(_ message: String) -> APIProblem { APIProblem(.invalidRequest, message, field: name) }

    /// A member that has to be there is not.
    package func missing(_ member: StaticString) -> APIProblem {
        let parent = name
        let field = parent.isEmpty ? member.description : "\(parent).\(member)"
        return APIProblem(.invalidRequest, "Field required.", field: field)
    }

    // MARK: Typed reading

    package func text() throws(APIProblem) -> String {
        guard let text = view.string else { throw problem("Must be a string.") }
        return text
    }

    /// One of a few words; see ``JSONView/word``.
    package func word() throws(APIProblem) -> String {
        guard let word = view.word else { throw problem("Must be a string.") }
        return word
    }

    /// A name or an id, which are compared and looked up.
    package func identifier() throws(APIProblem) -> String {
        guard view.kind != .string || view.range.count <= APIProblem.longestIdentifier + 2 else {
            throw problem("Must be of \(APIProblem.longestIdentifier) bytes at most.")
        }
        return try nonEmptyText()
    }

    package func nonEmptyText() throws(APIProblem) -> String {
        let text = try text()
        guard !text.isEmpty else { throw problem("Must not be empty.") }
        return text
    }

    package func bool() throws(APIProblem) -> Bool {
        guard let bool = view.bool else { throw problem("Must be true or false.") }
        return bool
    }

    package func int(in range: PartialRangeFrom<Int>) throws(APIProblem) -> Int {
        guard let int = view.int, range.contains(int) else {
            throw problem("Must be a whole number of at least \(range.lowerBound).")
        }
        return int
    }

    package func number(in range: ClosedRange<Double>) throws(APIProblem) -> Double {
        guard let number = view.double, range.contains(number) else {
            throw problem("Must be a number between \(Int(range.lowerBound)) and \(Int(range.upperBound)).")
        }
        return number
    }

    package func fragmentOfObject() throws(APIProblem) -> JSONFragment {
        guard view.kind == .object else { throw problem("Must be an object.") }
        return view.fragment
    }

    /// The members that say something: an explicit null is the same as none.
    package func members() throws(APIProblem) -> [(name: String, value: JSONView)] {
        guard view.kind == .object else {
            throw APIProblem(
                .invalidRequest, name.isEmpty ? "The body must be a JSON object." : "Must be an object.",
                field: name.isEmpty ? nil : name)
        }
        var members: [(name: String, value: JSONView)] = []
        members.reserveCapacity(8)
        for member in view.members where !member.value.isNull {
            // A name is always a string.
            members.append((member.name.word ?? "", member.value))
        }
        return members
    }

    package func elements() throws(APIProblem) -> [Field] {
        guard view.kind == .array else { throw problem("Must be an array.") }
        return view.elements.enumerated().map { element($0.offset, $0.element) }
    }

    /// The word in `type`.
    package func type() throws(APIProblem) -> (word: String, field: Field) {
        guard view.kind == .object else { throw problem("Must be an object.") }
        guard let value = view["type"], !value.isNull else { throw missing("type") }
        let field = member("type", value)
        return (try field.word(), field)
    }
}

/// The parts of a request that have no place in the shared terms.
struct Leftovers {
    private(set) var all: [Leftover] = []
    private var hasCacheControl = false

    /// The answer is still what was asked for without it.
    mutating func advisory(_ field: Field) { all.append(Leftover(field.name, isAdvisory: true)) }

    /// Without it, the answer would be another.
    mutating func essential(_ field: Field) { all.append(Leftover(field.name, isAdvisory: false)) }

    /// `cache_control` may stand on any block; it is said once.
    mutating func cacheControl() {
        guard !hasCacheControl else { return }
        hasCacheControl = true
        all.append(Leftover("cache_control", isAdvisory: true))
    }

    /// A member that the decoder doesn't know. One that says nothing asks for
    /// nothing.
    mutating func unknown(_ name: String, _ value: JSONView, in parent: Field) {
        if name == "cache_control" { return cacheControl() }
        guard !value.saysNothing else { return }
        essential(parent.member(dynamic: name, value))
    }

    /// A member that the decoder doesn't know, where all members are wishes or
    /// tell of what has been.
    mutating func wish(_ name: String, _ value: JSONView, in parent: Field) {
        if name == "cache_control" { return cacheControl() }
        guard !value.saysNothing else { return }
        advisory(parent.member(dynamic: name, value))
    }
}
