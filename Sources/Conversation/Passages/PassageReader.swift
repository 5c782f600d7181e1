import Encodings
package import Wire

/// Reads all texts of a document by a dialect's table.
///
/// Every string of the document, members' names among them, becomes part of a
/// passage unless a row of the table says that it is structural and it has the
/// form that the row demands. The cost is linear in the document.
package struct PassageReader {
    /// The most passages of one request.
    package static let mostPassages = 1 << 16

    private let table: ReadingTable
    /// True where nothing will be withheld, as in an answer.
    private let isWhole: Bool
    private var read = RequestPassages()
    private var path = PassagePath()
    private var defined: Set<String> = []
    private var nextBlock = 0
    /// The structural strings, where they are asked for.
    private var structural: [StructuralString]?

    /// The place of a value, as what surrounds it says.
    private struct Place {
        var scope: PassageScope
        var turn: Int?
        /// The part to which all below belongs; nil above parts.
        var block: Int?
        /// True within a value that is withheld as a whole.
        var isInWhole: Bool
    }

    private init(_ table: ReadingTable, isWhole: Bool, isListing: Bool) {
        self.table = table
        self.isWhole = isWhole
        structural = isListing ? [] : nil
    }

    /// Reads the texts of a request.
    /// - Throws: ``APIProblem`` of kind `invalidRequest` where two members
    ///   differ by case only, and for more than ``mostPassages``.
    package static func passages(
        of document: JSONDocument, by table: ReadingTable
    ) throws(APIProblem) -> RequestPassages {
        var reader = PassageReader(table, isWhole: false, isListing: false)
        try reader.readAll(document)
        return reader.read
    }

    /// Reads the texts of an answer, of which nothing is withheld.
    package static func passages(
        ofAnswer document: JSONDocument, by table: ReadingTable
    ) throws(APIProblem) -> RequestPassages {
        var reader = PassageReader(table, isWhole: true, isListing: false)
        try reader.readAll(document)
        return reader.read
    }

    /// Lists the strings that the table takes for structural, for people and
    /// tests.
    package static func structuralStrings(
        of document: JSONDocument, by table: ReadingTable
    ) throws(APIProblem) -> [StructuralString] {
        var reader = PassageReader(table, isWhole: false, isListing: true)
        try reader.readAll(document)
        return reader.structural ?? []
    }

    private mutating func readAll(_ document: JSONDocument) throws(APIProblem) {
        for names in table.definitions { define(names[...], in: document.root) }
        try read(
            document.root, as: .entry(table.root),
            Place(scope: table.scope, turn: nil, block: nil, isInWhole: isWhole))
    }

    /// Takes up the names at a path of members, through arrays.
    private mutating func define(_ names: ArraySlice<String>, in view: JSONView) {
        if view.kind == .array {
            for element in view.elements where element.kind == .object { define(names, in: element) }
        } else if let first = names.first {
            guard let (_, value) = view.members.first(where: { $0.name.word == first }) else { return }
            define(names.dropFirst(), in: value)
        } else if StringForm.id.matches(view), let name = view.string {
            defined.insert(name)
        }
    }

    // MARK: By the table

    private mutating func read(_ view: JSONView, as reading: Reading, _ place: Place) throws(APIProblem) {
        var place = place
        switch reading {
        case .scoped(let scope, let reading):
            place.scope = scope
            try read(view, as: reading, place)
        case .either(let first, let second): try read(view, as: view.kind == .string ? first : second, place)
        case .turns(let reading):
            guard view.kind == .array else { return try read(view, as: reading, place) }
            try readElements(of: view, as: reading, place, areTurns: true)
        case .whole(let note, let member, let reading): try readWhole(view, as: reading, note, member, place)
        case .entry(let name): try readEntry(view, name, place)
        case .text: try judge(view, place)
        case .fixed: view.kind == .string ? try keep(view, place) : try judge(view, place)
        case .structural, .unseen, .named:
            if view.kind == .array, view.elements.allSatisfy({ $0.kind == .string }) {
                try readElements(of: view, as: reading, place)
            } else if view.kind == .string {
                try readForm(view, as: reading, place)
            } else {
                try judge(view, place)
            }
        case .keys(let form):
            let isKeys =
                view.members.allSatisfy { form.matches($0.name) && $0.value.strings.first { _ in true } == nil }
            guard view.kind == .object, isKeys else { return try judge(view, place) }
            for (name, _) in view.members { note(name, form, isName: true) }
        case .schema:
            guard view.kind == .object else { return try judge(view, place) }
            try add(SchemaText.lines(of: view), view, .schema, place)
        case .examples:
            guard view.kind == .array else { return try judge(view, place) }
            try add(PassageText.lines(of: view), view, .examples, place)
        case .arguments:
            guard let text = view.string else { return try judge(view, place) }
            try add(PassageText.arguments(text), view, .arguments, place)
        case .tokens: try add(PassageText.tokens(of: view), view, .object, place)
        }
    }

    private mutating func readForm(_ view: JSONView, as reading: Reading, _ place: Place) throws(APIProblem) {
        guard view.range.count > 2 else { return }
        switch reading {
        case .unseen(let part, let form):
            read.unseen.insert(part)
            if place.scope == .user, let turn = place.turn { read.newestUserTurn = turn }
            try readForm(view, as: .structural(form), place)
        case .structural(let form):
            guard form.matches(view) else { return try keep(view, place) }
            note(view, form)
        default:
            guard StringForm.id.matches(view), let name = view.string, defined.contains(name) else {
                return try keep(view, place)
            }
            note(view, .id)
        }
    }

    private mutating func readElements(
        of view: JSONView, as reading: Reading, _ place: Place, areTurns: Bool = false
    ) throws(APIProblem) {
        var place = place
        for (index, element) in view.elements.enumerated() {
            path.push(index)
            if areTurns { place.turn = index }
            try read(element, as: reading, place)
            path.pop()
        }
    }

    private mutating func readEntry(_ view: JSONView, _ name: String, _ place: Place) throws(APIProblem) {
        switch view.kind {
        case .array: try readElements(of: view, as: .entry(name), place)
        case .object:
            switch table.entries[name] {
            case .choice(let member, let cases, let otherwise):
                let word = view.members.first { $0.name.word == member }?.value.word
                try read(view, as: word.flatMap { cases[$0] } ?? otherwise, place)
            case .frame(let rows): try readMembers(of: view, rows, place)
            case .part(let rows):
                var place = place
                place.block = place.block ?? newBlock()
                try readMembers(of: view, rows, place)
            case nil: try judge(view, place)
            }
        default: try judge(view, place)
        }
    }

    private mutating func readMembers(
        of view: JSONView, _ rows: [String: Reading], _ place: Place
    ) throws(APIProblem) {
        var substitutes: SubstituteNames?
        /// Names of the table that the object has.
        var known: Set<String>?
        for (name, value) in view.members {
            let word = name.word ?? ""
            if let reading = rows[word] {
                path.push(word)
                try read(value, as: reading, place)
                path.pop()
                continue
            }
            let folded = word.lowercased()
            if folded != word, rows[folded] != nil {
                known = known ?? Set(view.members.lazy.compactMap(\.name.word).filter { rows[$0] != nil })
                if known?.contains(folded) == true { throw .ambiguous(folded, at: path.text) }
            }
            if StringForm.word.matches(name) {
                path.push(word)
                note(name, .word, isName: true)
                try judge(value, place)
            } else {
                path.push(Printable.excerpt(word, 64))
                // The name may be a sentence.
                var lines = PassageText.Lines()
                lines.add(name)
                for string in value.strings { lines.add(string) }
                var names = substitutes ?? SubstituteNames(in: view)
                let substitute = names.next()
                substitutes = names
                try add(
                    lines.text, name.range.lowerBound..<value.range.upperBound, .member(substitute), place)
            }
            path.pop()
        }
    }

    private mutating func readWhole(
        _ view: JSONView, as reading: Reading, _ note: WholeNote, _ member: String?, _ place: Place
    ) throws(APIProblem) {
        if let member {
            let says = view.members.contains { $0.name.word == member && !$0.value.saysNothing }
            guard says else { return try read(view, as: reading, place) }
        }
        guard view.kind == .object || view.kind == .array, !place.isInWhole else {
            return try read(view, as: reading, place)
        }
        var place = place
        let block = place.block ?? newBlock()
        place.block = block
        place.isInWhole = true
        let before = read.passages.count
        try read(view, as: reading, place)
        guard read.passages.count > before else { return }
        switch note {
        case .textPart(let type):
            var closing = "}"
            if let mark = view["cache_control"], mark.kind == .object, mark.strings.allSatisfy(StringForm.word.matches)
            {
                closing = ",\"cache_control\":\(mark.fragment.text)}"
            }
            read.wholes.append(
                WholePart(
                    block: block, range: view.range, opening: "{\"type\":\"\(type)\",\"text\":", closing: closing))
        case .bareText:
            read.wholes.append(WholePart(block: block, range: view.range, opening: #"{"text":"#, closing: "}"))
        case .message:
            read.wholes.append(
                WholePart(
                    block: block, range: view.range, opening: #"{"type":"message","role":"assistant","content":"#,
                    closing: "}"))
        case .error(let type):
            read.wholes.append(
                WholePart(
                    block: block, range: view.range, opening: "{\"type\":\"\(type)\",\"error_code\":\"unavailable\"}",
                    closing: nil))
        }
    }

    // MARK: Passages

    /// Makes a passage of any value.
    private mutating func judge(_ view: JSONView, _ place: Place) throws(APIProblem) {
        switch view.kind {
        case .string:
            guard view.range.count > 2, let text = view.string else { return }
            try add(text, view, .string, place)
        case .object: try add(PassageText.lines(of: view), view, .object, place)
        case .array: try add(PassageText.lines(of: view), view, .list, place)
        default: break
        }
    }

    /// Makes a passage of a string that has to keep its form: a block of its
    /// own, so that what stands beside it can still be withheld.
    private mutating func keep(_ view: JSONView, _ place: Place) throws(APIProblem) {
        guard view.range.count > 2, let text = view.string else { return }
        guard !place.isInWhole else { return try add(text, view, .string, place) }
        var place = place
        place.block = newBlock()
        try add(text, view, .fixed, place)
    }

    private mutating func add(
        _ text: String, _ view: JSONView, _ form: Passage.Form, _ place: Place
    ) throws(APIProblem) {
        try add(text, view.range, form, place)
    }

    private mutating func add(
        _ text: String, _ range: Range<Int>, _ form: Passage.Form, _ place: Place
    ) throws(APIProblem) {
        guard !text.isEmpty else { return }
        guard read.passages.count < Self.mostPassages else { throw .tooManyParts }
        read.passages.append(
            Passage(
                place.scope, turn: place.turn, block: place.block ?? newBlock(), text: text, path: path.text,
                range: range, form: form))
        if place.scope == .user, let turn = place.turn { read.newestUserTurn = turn }
    }

    private mutating func newBlock() -> Int {
        defer { nextBlock += 1 }
        return nextBlock
    }

    private mutating func note(_ view: JSONView, _ form: StringForm, isName: Bool = false) {
        structural?.append(
            StructuralString(pattern: path.pattern, isName: isName, form: form, range: view.range))
    }
}

/// A string that a table takes for structural.
package struct StructuralString: Sendable, Hashable {
    /// The path, with `*` for each place in an array.
    package var pattern: String
    /// True for the name of a member that the table doesn't know.
    package var isName: Bool
    package var form: StringForm
    /// The bytes of the string in the body, with its quotation marks.
    package var range: Range<Int>
}
