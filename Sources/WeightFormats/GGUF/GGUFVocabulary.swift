import Encodings

/// A GGUF file's tokenizer: as many scores and types as tokens, no token
/// twice, and byte tokens that are bytes.
struct GGUFVocabulary {
    private let bytes: any WeightBytes
    private let metadata: GGUFMetadata
    private let tokens: WeightArray

    private static let prefix = "tokenizer.ggml."

    /// nil where the file has none.
    init?(_ metadata: GGUFMetadata, in bytes: any WeightBytes) throws(FormatProblem) {
        guard let tokens = try metadata.array(Self.prefix + "tokens", of: ["string"]) else { return nil }
        (self.bytes, self.metadata, self.tokens) = (bytes, metadata, tokens)
    }

    /// - Returns: the number of tokens.
    func checked() throws(FormatProblem) -> UInt64 {
        guard (1...WeightLimits.tokens).contains(tokens.count) else {
            throw .malformed(
                "the vocabulary has \(tokens.count) tokens, not from 1 to \(WeightLimits.tokens)", at: tokens.offset)
        }
        _ = try metadata.text(Self.prefix + "model")
        _ = try metadata.array(Self.prefix + "merges", of: ["string"])
        try checkScores()
        try checkSpecialTokens()
        try checkTokens(types: try parallel("token_type", of: ["i32"]))
        return tokens.count
    }

    /// An array with an element for each token.
    private func parallel(_ name: String, of types: [String]) throws(FormatProblem) -> WeightArray? {
        let key = Self.prefix + name
        guard let array = try metadata.array(key, of: types) else { return nil }
        guard array.count == tokens.count else {
            throw .malformed(
                "\"\(key)\" has \(array.count) elements for \(tokens.count) tokens", at: metadata.entry(key)?.offset)
        }
        return array
    }

    private func checkScores() throws(FormatProblem) {
        guard let scores = try parallel("scores", of: ["f32", "i32"]), scores.type == "f32" else { return }
        var cursor = ByteCursor(bytes, from: scores.offset, end: WeightLimits.ggufHeader)
        for token in 0..<scores.count {
            // What is not a number is neither more nor less than another, and
            // tokenizers sort by it.
            guard !Float(bitPattern: try cursor.number(UInt32.self, "a score")).isNaN else {
                throw .malformed("token \(token)'s score is not a number", at: cursor.offset - 4)
            }
        }
    }

    /// The start, the end and their like must be tokens that there are: where
    /// they are not, an engine quietly takes others.
    private func checkSpecialTokens() throws(FormatProblem) {
        for entry in metadata.entries where entry.key.hasPrefix(Self.prefix) && entry.key.hasSuffix("_token_id") {
            _ = try metadata.number(entry.key, in: 0...tokens.count - 1)
        }
    }

    private func checkTokens(types: WeightArray?) throws(FormatProblem) {
        var texts = ByteCursor(bytes, from: tokens.offset, end: WeightLimits.ggufHeader)
        var kinds = types.map { ByteCursor(bytes, from: $0.offset, end: WeightLimits.ggufHeader) }
        // By their bytes: Swift takes two spellings of é for one.
        var known: Set<[UInt8]> = []
        for token in 0..<tokens.count {
            let place = texts.offset
            let text = [UInt8](try texts.counted(most: WeightLimits.tokenLength, "token \(token)"))
            // Empty ones are given a name by the engine.
            guard text.isEmpty || known.insert(text).inserted else {
                throw .malformed("token \(token), \(Self.quoted(text)), is there twice", at: place)
            }
            guard let kind = try kinds?.number(Int32.self, "a token's type") else { continue }
            guard (0...6).contains(kind) else {
                throw .malformed("token \(token) is of type \(kind), which there is not", at: place)
            }
            // Engines cut the digits out by position and convert them unseen.
            guard kind != 6 || Self.isByte(text) else {
                throw .malformed("the byte token \(token) is \(Self.quoted(text)), not like <0x0A>", at: place)
            }
        }
    }

    /// `<0x0A>`: exactly so, in capital letters, is it looked up.
    private static func isByte(_ text: [UInt8]) -> Bool {
        guard text.count == 6, text.starts(with: "<0x".utf8), text[5] == UInt8(ascii: ">") else { return false }
        return text[3...4].allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0)
        }
    }

    private static func quoted(_ text: [UInt8]) -> String { Printable.quoted(String(decoding: text, as: UTF8.self)) }
}
