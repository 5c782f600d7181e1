/// `$NAME` and `os.environ/NAME`, which other programs read as variables and
/// Holdfast sends as they stand.
struct LiteralReference {
    let notes: Notes

    func check(_ root: DocumentNode) {
        for value in SecretValue.all(in: root) {
            guard let (written, name) = Self.find(in: value.spelled) else { continue }
            notes.warning(
                value.node.position,
                "\(value.path) has the text \"\(written)\", and not what the variable holds; write ${\(name)}")
        }
    }

    /// A text that is written like a reference, and the variable that is meant;
    /// nil where there is none. `$$` is a dollar sign that is meant.
    static func find(in spelled: String) -> (written: String, name: String)? {
        let foreign = "os.environ/"
        if spelled.hasPrefix(foreign), spelled.count > foreign.count {
            return (spelled, String(spelled.dropFirst(foreign.count)))
        }
        var last: Character = " "
        var rest = Substring(spelled)
        while let dollar = rest.firstIndex(of: "$") {
            if dollar > rest.startIndex { last = rest[rest.index(before: dollar)] }
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                rest.removeFirst()
                last = "$"
                continue
            }
            let name = rest.prefix { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }
            let next = rest[name.endIndex...].first
            // Within a password a dollar sign is one.
            let stands = " :/@\"'".contains(last) && (next.map { " :/@\"'.?".contains($0) } ?? true)
            if stands, name.count > 1, name.first?.isNumber == false { return ("$\(name)", String(name)) }
        }
        return nil
    }
}
