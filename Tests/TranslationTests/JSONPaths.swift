import Wire

extension JSONView {
    /// The value at a path such as `messages[0].content`; nil where there is none.
    func value(at path: some StringProtocol) -> JSONView? {
        var view = self
        for step in path.split(whereSeparator: { ".[]".contains($0) }) {
            let next: JSONView? =
                if view.kind == .array, let index = Int(step) {
                    view.elements.dropFirst(index).first { _ in true }
                } else {
                    view.members.first { $0.name.string == String(step) }?.value
                }
            guard let next else { return nil }
            view = next
        }
        return view
    }

    /// Tells whether both say the same: an object's members may come in any
    /// order, and `1.0` is 1.
    func says(_ other: JSONView) -> Bool {
        guard kind == other.kind else { return false }
        switch kind {
        case .null, .true, .false: return true
        case .string: return string == other.string
        case .number: return double == other.double
        case .array:
            let (own, others) = (Array(elements), Array(other.elements))
            return own.count == others.count && zip(own, others).allSatisfy { $0.says($1) }
        case .object:
            let (own, others) = (Array(members), Array(other.members))
            return own.count == others.count
                && own.allSatisfy { member in
                    others.contains { $0.name.string == member.name.string && $0.value.says(member.value) }
                }
        }
    }

    /// The members of an object, by their names.
    var named: [(name: String, value: JSONView)] { members.map { ($0.name.string ?? "", $0.value) } }

    /// The texts of an array.
    var texts: [String] { elements.compactMap(\.string) }
}
