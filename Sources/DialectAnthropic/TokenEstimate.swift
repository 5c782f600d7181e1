package import Conversation
package import NIOCore
import Wire

/// An estimate of a request's input tokens, for `count_tokens` where no
/// provider can count. Whoever sends it marks it as one.
///
/// Runs of characters of one kind are weighed as byte-pair tokenizers tend to
/// cut them: words of up to seven Latin letters are one token (a capital
/// inside a word begins another), shorter ones where letters carry accents;
/// three digits; three signs; indentation; a Chinese, Japanese or Korean
/// character for itself. Scripts that tokenizers disagree about by a factor
/// of four (Greek, Indic, Thai) get a value in the middle. Measured against
/// two published tokenizers, cl100k and an early one of Anthropic's: English
/// prose and code within 20%, German, Russian and Korean up to a third too
/// low, Greek, Hindi and Thai up to two thirds too low. `docs/dialect-anthropic.md`
/// has the table.
package struct TokenEstimate: Sendable, Equatable {
    package let inputTokens: Int

    package init(_ request: ChatRequest) {
        var weigher = Weigher()
        for message in request.messages {
            weigher.add(tokens: Self.perMessage)
            weigher.add(message.content)
        }
        for tool in request.tools {
            weigher.add(tokens: Self.perTool)
            weigher.add(tool.name)
            if let description = tool.description { weigher.add(description) }
            if let parameters = tool.parameters { weigher.add(parameters.text) }
        }
        if case .jsonSchema(_, _, let schema, _) = request.responseFormat { weigher.add(schema.text) }
        inputTokens = weigher.tokens
    }

    /// Of a text alone.
    package init(of text: String) {
        var weigher = Weigher()
        weigher.add(text)
        inputTokens = weigher.tokens
    }

    /// The marks around a turn.
    static let perMessage = 4
    /// The marks around a tool's definition.
    static let perTool = 12
    /// A picture of about 1,200,000 pixels; its size can't be seen from here.
    static let perImage = 1600
}

/// Adds up thousandths of tokens.
private struct Weigher {
    private var thousandths = 0

    var tokens: Int { (thousandths + 999) / 1000 }

    mutating func add(tokens: Int) { thousandths += tokens * 1000 }

    mutating func add(_ content: [Part]) {
        for part in content {
            switch part {
            case .text(let text), .refusal(let text), .thinking(let text, _): add(text)
            // What it hides can't be known; it is about as long as it looks.
            case .redactedThinking(let data): add(tokens: data.utf8.count / 4)
            case .image: add(tokens: TokenEstimate.perImage)
            case .toolCall(let call):
                add(tokens: TokenEstimate.perMessage)
                add(call.name)
                add(call.arguments)
            case .toolResult(let result):
                add(tokens: TokenEstimate.perMessage)
                add(result.content)
            }
        }
    }

    private enum Kind {
        case letter, digit, sign, space, newline, cyrillic, eastAsian, emoji, other

        init(_ scalar: Unicode.Scalar) {
            switch scalar.value {
            case 0x20, 0x09: self = .space
            case 0x0A, 0x0D: self = .newline
            case 0x30...0x39: self = .digit
            case 0x41...0x5A, 0x61...0x7A, 0xC0...0x24F, 0x1E00...0x1EFF: self = .letter
            case 0..<0xC0, 0x2010...0x206F: self = .sign
            case 0x400...0x52F: self = .cyrillic
            case 0x1100...0x11FF, 0x3000...0x30FF, 0x3400...0x9FFF, 0xAC00...0xD7AF, 0xF900...0xFAFF, 0xFF00...0xFFEF,
                0x20000...0x3347F:
                self = .eastAsian
            case 0x1F000...0x1FFFF: self = .emoji
            default: self = .other
            }
        }
    }

    mutating func add(_ text: String) {
        var kind: Kind?
        var length = 0
        var hasAccent = false
        var wasLower = false
        for scalar in text.unicodeScalars {
            let next = Kind(scalar)
            let isUpper = scalar.value >= 0x41 && scalar.value <= 0x5A
            if next != kind || (next == .letter && isUpper && wasLower) {
                if let kind { weigh(kind, length, hasAccent) }
                kind = next
                length = 0
                hasAccent = false
            }
            length += 1
            if next == .letter, scalar.value > 0x7F { hasAccent = true }
            wasLower = scalar.value >= 0x61 && scalar.value <= 0x7A
        }
        if let kind { weigh(kind, length, hasAccent) }
    }

    private mutating func weigh(_ kind: Kind, _ length: Int, _ hasAccent: Bool) {
        func groups(of size: Int) -> Int { (length + size - 1) / size * 1000 }
        switch kind {
        case .letter: thousandths += groups(of: hasAccent ? 4 : 7)
        case .digit, .sign: thousandths += groups(of: 3)
        // One space belongs to the word behind it.
        case .space: thousandths += length == 1 ? 0 : 1000
        case .newline: thousandths += 1000
        case .cyrillic: thousandths += length * 333
        case .eastAsian: thousandths += length * 950
        case .emoji: thousandths += length * 2000
        case .other: thousandths += length * 555
        }
    }
}

extension AnthropicDialect {
    /// Encodes the answer of `POST /v1/messages/count_tokens`.
    package func encodeTokenCount(_ tokens: Int) -> ByteBuffer {
        var json = JSONWriter(ByteBufferAllocator().buffer(capacity: 64))
        json.object { $0.member("input_tokens", tokens) }
        return json.buffer
    }

    /// The count in a provider's answer to it.
    package func decodeTokenCount(_ body: ByteBuffer) throws(UnreadableReply) -> Int {
        guard let document = try? JSONDocument(body, limits: .skim), let count = document.root["input_tokens"]?.int,
            count >= 0
        else { throw UnreadableReply("the answer holds no input_tokens") }
        return count
    }
}
