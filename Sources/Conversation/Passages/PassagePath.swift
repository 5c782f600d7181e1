import Wire

/// The path to a value, as text that grows and shrinks at its end.
struct PassagePath {
    private var bytes: [UInt8] = []
    private var steps: [Step] = []

    private struct Step {
        /// The offset of its beginning, with its dot.
        var start: Int
        var isPlace: Bool
    }

    mutating func push(_ name: String) { push(name, isPlace: false) }
    mutating func push(_ place: Int) { push("\(place)", isPlace: true) }

    private mutating func push(_ word: String, isPlace: Bool) {
        steps.append(Step(start: bytes.count, isPlace: isPlace))
        if !bytes.isEmpty { bytes.append(UInt8(ascii: ".")) }
        bytes.append(contentsOf: word.utf8)
    }

    mutating func pop() {
        guard let step = steps.popLast() else { return }
        bytes.removeSubrange(step.start...)
    }

    /// Such as `messages.3.content.0.text`; a very deep one is cut.
    var text: String {
        guard bytes.count > Self.most else { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: bytes.prefix(Self.most), as: UTF8.self) + "…"
    }

    /// The same with `*` for each place in an array.
    var pattern: String {
        var words: [String] = []
        for (index, step) in steps.enumerated() {
            let end = index + 1 < steps.count ? steps[index + 1].start : bytes.count
            let start = step.start == 0 ? 0 : step.start + 1
            words.append(step.isPlace ? "*" : String(decoding: bytes[start..<max(start, end)], as: UTF8.self))
        }
        return words.joined(separator: ".")
    }

    private static let most = 240
}

/// Names for members that are withheld together with their names, different
/// from all others of their object.
struct SubstituteNames {
    private let taken: Set<String>
    private var count = 0

    init(in object: JSONView) {
        // Only short names can be the same.
        taken = Set(object.members.lazy.filter { StringForm.word.matches($0.name) }.compactMap(\.name.string))
    }

    mutating func next() -> String {
        while true {
            count += 1
            let name = count == 1 ? "withheld" : "withheld_\(count)"
            if !taken.contains(name) { return name }
        }
    }
}
