import Conversation
import Wire

/// The strings of an answer as pieces: text, unless their member is known to be
/// structural and they have that form.
struct AnswerStrings {
    private var nextPlace = 0
    /// The numbers of the blocks for what stands in no content block, by
    /// member; all that have none of their own share one, a string a line.
    private var outside: [String: Int] = [:]

    mutating func newPlace() -> Int {
        defer { nextPlace += 1 }
        return nextPlace
    }

    private mutating func place(_ name: String = "") -> Int {
        if let known = outside[name] { return known }
        guard name.isEmpty || outside.count < EventReader.Open.most && name.utf8.count <= EventReader.Open.longest
        else {
            return place()
        }
        let place = newPlace()
        outside[name] = place
        return place
    }

    // MARK: Of a content block

    func say(_ text: String, _ block: EventReader.Open, into pieces: inout [AnswerPiece]) {
        guard !text.isEmpty else { return }
        if let part = AnswerForm.unseen(inURL: text) { return pieces.append(.unseen(part)) }
        pieces.append(.text(block: block.place, block.scope, text))
    }

    func sayAll(_ value: JSONView, _ block: EventReader.Open, into pieces: inout [AnswerPiece]) {
        if let text = value.string { return say(text, block, into: &pieces) }
        for (_, text) in value.placedStrings { say(text, block, into: &pieces) }
    }

    /// The findings of a provider's tool, or a citation of some: titles,
    /// addresses, texts, each a line, and what only the provider can read.
    func found(_ value: JSONView, _ block: EventReader.Open, into pieces: inout [AnswerPiece]) {
        if let text = value.string { return say(text, block, into: &pieces) }
        for (place, text) in value.placedStrings {
            switch place {
            case .name where Self.members.contains(text): break
            case .value(of: "type"), .value(of: "file_id"), .value(of: "tool_use_id"), .value(of: "media_type"):
                if !AnswerForm.isName(text) { say(text + "\n", block, into: &pieces) }
            case .value(of: "encrypted_content"), .value(of: "encrypted_index"), .value(of: "encrypted_stdout"):
                if !AnswerForm.isBase64(text) {
                    say(text + "\n", block, into: &pieces)
                } else if !text.isEmpty, place != .value(of: "encrypted_index") {
                    pieces.append(.unseen(.encryptedResult))
                }
            case .value(of: "data") where text.utf8.count > 64 && AnswerForm.isBase64(text):
                pieces.append(.unseen(.file))
            default: say(text + "\n", block, into: &pieces)
            }
        }
    }

    /// The names of members that findings have.
    private static let members: Set<String> = [
        "type", "text", "title", "url", "page_age", "source", "media_type", "data", "content", "encrypted_content",
        "encrypted_index", "encrypted_stdout", "cited_text", "document_title", "document_index", "start_char_index",
        "end_char_index", "start_page_number", "end_page_number", "start_block_index", "end_block_index", "file_id",
        "stdout", "stderr", "return_code", "error_code", "retrieved_at", "citations", "tool_use_id", "is_error",
        "search_result_index", "tool_references", "tool_name", "enabled",
    ]

    // MARK: Outside of content blocks

    /// A line of what has no place of its own.
    mutating func say(_ text: String, into pieces: inout [AnswerPiece]) {
        if !text.isEmpty { pieces.append(.text(block: place(), .answer, text + "\n")) }
    }

    mutating func sayAll(_ value: JSONView, into pieces: inout [AnswerPiece]) {
        for (_, text) in value.placedStrings { say(text, into: &pieces) }
    }

    mutating func unknown(_ name: String, _ value: JSONView, into pieces: inout [AnswerPiece]) {
        if outside[name] == nil {
            say(name, into: &pieces)
            _ = place(name)
        }
        value.eachString(of: name) { place, text in
            switch place {
            case .name: say(text, into: &pieces)
            case .value(let inner):
                let member = inner.map { $0 == name ? name : "\(name).\($0)" } ?? name
                if !text.isEmpty { pieces.append(.text(block: self.place(member), .answer, text)) }
            }
        }
    }

    /// A value that is an id or a word.
    mutating func word(_ value: JSONView, into pieces: inout [AnswerPiece]) {
        words(value, into: &pieces)
    }

    mutating func words(_ value: JSONView, into pieces: inout [AnswerPiece]) {
        for (_, text) in value.placedStrings where !AnswerForm.isName(text) { say(text, into: &pieces) }
    }

    /// An error, or the details of a refusal: a type and words for people.
    mutating func message(_ value: JSONView, into pieces: inout [AnswerPiece]) {
        for (place, text) in value.placedStrings {
            switch place {
            case .name where ["type", "message", "category", "explanation", "details", "error_code"].contains(text):
                break
            case .value(of: "type"), .value(of: "category"), .value(of: "error_code"):
                if !AnswerForm.isName(text) { say(text, into: &pieces) }
            default: say(text, into: &pieces)
            }
        }
    }
}
