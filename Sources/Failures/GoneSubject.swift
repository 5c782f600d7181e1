/// The thing that a message calls deprecated, removed or no longer supported.
///
/// `` `temperature` is deprecated for this model `` is about a field, `the
/// model x has been deprecated` about a model; both have the same words. The
/// subject is read from the clause before the word, as an English sentence is.
enum GoneSubject: Sendable, Hashable {
    case model
    /// A field, parameter, tool, beta, file or image.
    case thing
    /// Such a thing, for one model: another may take it.
    case thingForModel
    case unknown

    /// - Parameters:
    ///   - text: the message in lower case.
    ///   - field: the field that the error names on its own.
    init(in text: String, field: String?) {
        let bytes = Array(text.utf8)
        var found: [GoneSubject] = []
        for word in Rules.goneWords {
            guard let place = Self.place(of: Array(word.utf8), in: bytes) else { continue }
            found.append(Clause(bytes, before: place, length: word.utf8.count).subject(field: field))
        }
        // A sentence about a model decides: others may go with it.
        self =
            found.contains(.model)
            ? .model : found.first { $0 == .thing } ?? found.first { $0 == .thingForModel } ?? .unknown
    }

    private static func place(of piece: [UInt8], in bytes: [UInt8]) -> Int? {
        guard let first = piece.first, bytes.count >= piece.count else { return nil }
        return bytes.withUnsafeBufferPointer { bytes in
            for start in 0...(bytes.count - piece.count) where bytes[start] == first {
                var length = 1
                while length < piece.count, bytes[start + length] == piece[length] { length += 1 }
                if length == piece.count { return start }
            }
            return nil
        }
    }
}

/// The part of a sentence before the word that says what became of its
/// subject, and the part after it.
private struct Clause {
    private let before: [String]
    private let after: [String]

    private static let things: Set<String> = [
        "parameter", "parameters", "param", "params", "field", "fields", "argument", "arguments", "option", "options",
        "property", "properties", "tool", "tools", "beta", "betas", "header", "headers", "file", "files", "image",
        "images", "attachment", "attachments", "document", "documents", "schema", "schemas", "keyword", "keywords",
        "role", "roles", "attribute", "attributes", "modality", "modalities", "tier", "prefill", "setting", "settings",
        "flag", "flags", "plugin", "plugins", "skill", "skills", "audio", "video", "url", "urls",
    ]
    private static let models: Set<String> = ["model", "models", "deployment", "deployments", "engine", "snapshot"]
    private static let families = ["claude", "gpt", "gemini", "llama", "mistral"]
    private static let prepositions: Set<String> = ["for", "with", "by", "on", "of", "in", "to", "from"]

    /// More words than a sentence of a provider has before its verb.
    private static let mostWords = 60

    init(_ bytes: [UInt8], before place: Int, length: Int) {
        before = Self.words(Self.sentenceBefore(place, bytes)).suffix(Self.mostWords)
        after = Array(Self.words(Self.sentenceAfter(place + length, bytes)).prefix(Self.mostWords))
    }

    /// A full stop ends a sentence only where white space follows it: names and
    /// paths have some, too.
    private static func isEnd(_ index: Int, _ bytes: [UInt8]) -> Bool {
        switch bytes[index] {
        case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"), UInt8(ascii: ";"):
            index + 1 == bytes.count || bytes[index + 1] == 0x20 || bytes[index + 1] == 0x0A
        case 0x0A: true
        default: false
        }
    }

    private static func sentenceBefore(_ place: Int, _ bytes: [UInt8]) -> ArraySlice<UInt8> {
        var start = place
        while start > 0, !isEnd(start - 1, bytes) { start -= 1 }
        return bytes[start..<place]
    }

    private static func sentenceAfter(_ place: Int, _ bytes: [UInt8]) -> ArraySlice<UInt8> {
        var end = place
        while end < bytes.count, !isEnd(end, bytes) { end += 1 }
        return bytes[place..<end]
    }

    private static func words(_ bytes: ArraySlice<UInt8>) -> [String] {
        bytes.split { byte in
            switch byte {
            // What a name, a path or a possessive is made of.
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...,
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ":"),
                UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "'"):
                false
            default: true
            }
        }.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func plain(_ word: String) -> String {
        word.trimming { $0 == ":" || $0 == "." || $0 == "'" || $0 == "[" || $0 == "]" }
    }

    private static func isModel(_ word: String) -> Bool {
        models.contains(word) || families.contains { word.hasPrefix($0) }
    }

    /// - Parameter field: the field that the error names on its own.
    func subject(field: String?) -> GoneSubject {
        let words = before.map(Self.plain)
        var thing: Int?
        var model: Int?
        for (index, word) in words.enumerated() {
            let next = words.dropFirst(index + 1).first ?? ""
            let nextButOne = words.dropFirst(index + 2).first ?? ""
            if Self.things.contains(word) {
                // An image model is a model, and so is what the field `model`
                // names.
                if Self.models.contains(next) || Self.models.contains(nextButOne) || field == "model" { continue }
                thing = thing ?? index
            } else if Self.isModel(word) {
                // A model parameter is a parameter; a model's, too.
                if Self.things.contains(next) || word.hasSuffix("'s") { continue }
                model = model ?? index
            }
        }
        let isTied = namesModel(after) || field == nil && model.map { isObject($0, words) } == true
        switch (thing, model) {
        case (nil, let model?) where !isObject(model, words) || isServed(words[..<model]): return .model
        case (nil, nil) where !startsWithPath && !namesModel(after): return .unknown
        case (let thing?, let model?) where isObject(thing, words) && !isObject(model, words): return .model
        default: return isTied && field == nil ? .thingForModel : .thing
        }
    }

    /// `support for the model x`, `access to the model x`: the model all the
    /// same.
    private func isServed(_ words: ArraySlice<String>) -> Bool {
        words.contains { ["support", "access", "availability", "serving", "hosting"].contains($0) }
    }

    /// Tells whether a preposition goes before it: `for this model`.
    private func isObject(_ index: Int, _ words: [String]) -> Bool {
        words[max(0, index - 3)..<index].contains { Self.prepositions.contains($0) }
    }

    /// `for this model`, `by claude-x`, right after the verb.
    private func namesModel(_ words: [String]) -> Bool {
        guard let first = words.first, Self.prepositions.contains(first) else { return false }
        return words.dropFirst().prefix(3).map(Self.plain).contains { Self.isModel($0) }
    }

    /// `tools.0.type: …`, `output_format: …`, and not `model: …`.
    private var startsWithPath: Bool {
        guard let first = before.first, first.hasSuffix(":") else { return false }
        let path = first.dropLast()
        guard !path.isEmpty, path.utf8.allSatisfy({ $0 != 0x2F && $0 != 0x3A && $0 < 0x80 }) else { return false }
        let last = path.split(whereSeparator: { ".[]".contains($0) }).last ?? ""
        return !["model", "models", "error", "message", "detail", "code", ""].contains(String(last))
            && path.contains { $0 == "_" || $0 == "." || $0 == "[" }
    }
}

extension String {
    fileprivate func trimming(_ isTrimmed: (Character) -> Bool) -> String {
        var rest = self[...]
        while let first = rest.first, isTrimmed(first) { rest.removeFirst() }
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return String(rest)
    }
}
