/// A change of spelling that leaves a text readable for a model, and that a
/// view undoes.
///
/// For evaluations: a detector that reads the views finds in a disguised attack
/// what it finds in the plain one. Each takes ASCII text; other characters stay
/// as they are where a disguise has no form for them.
package enum Disguise: String, Sendable, Hashable, CaseIterable {
    case tags
    case variationSelectors = "variation selectors"
    case zeroWidth = "zero width"
    case softHyphens = "soft hyphens"
    case fullWidth = "full width"
    case mathematical, smallCapitals = "small capitals", boxed
    case capitals
    case cyrillic, greek
    case accents, stackedMarks = "stacked marks"
    case spacedLetters = "spaced letters"
    case hyphenatedLetters = "hyphenated letters"
    case pieces
    case wideSpaces = "wide spaces"
    case entities, percent, unicodeEscapes = "unicode escapes", byteEscapes = "byte escapes"
    case base64, base64URL = "base 64 of addresses", base64Lines = "base 64 in lines", base64Twice = "base 64 twice"
    case hexadecimal, hexadecimalPairs = "hexadecimal pairs"
    case comment, markdownComment = "markdown comment", hiddenStyle = "hidden style", encodedComment = "encoded comment"
    case terminalColours = "terminal colours"

    package func apply(to text: String) -> String {
        switch self {
        case .tags: "Hello." + map(text) { $0 < 0x80 ? 0xE0000 + $0 : $0 }
        case .variationSelectors:
            "\u{1F600}" + scalars(text.utf8.map { $0 < 16 ? 0xFE00 + UInt32($0) : 0xE0100 + UInt32($0) - 16 })
        case .zeroWidth: between(text, "\u{200B}")
        case .softHyphens: between(text, "\u{AD}")
        case .fullWidth: map(text) { $0 > 0x20 && $0 < 0x7F ? $0 + 0xFEE0 : $0 }
        case .mathematical: letters(text, small: 0x1D41A, capital: 0x1D400)
        case .smallCapitals: replaced(text, Self.smallLetters)
        case .boxed: letters(text, small: 0x1F170, capital: 0x1F170)
        case .capitals: text.uppercased()
        case .cyrillic: replaced(text, Self.cyrillicLetters)
        case .greek: replaced(text, Self.greekLetters)
        case .accents: replaced(text, Self.accentedLetters)
        case .stackedMarks: behindLetters(text, "\u{337}\u{321}\u{302}")
        case .spacedLetters: apart(text, " ", words: "   ")
        case .hyphenatedLetters: apart(text, "-", words: " ")
        case .pieces: inPieces(text)
        case .wideSpaces: text.split(separator: " ").joined(separator: "\u{3000}\u{A0}\n")
        case .entities: text.unicodeScalars.map { "&#\($0.value);" }.joined()
        case .percent: text.utf8.map { "%" + hex($0) }.joined()
        case .unicodeEscapes: text.utf16.map { "\\u" + hex(UInt8($0 >> 8)) + hex(UInt8($0 & 255)) }.joined()
        case .byteEscapes: text.utf8.map { "\\x" + hex($0) }.joined()
        case .base64: encoded(text)
        case .base64URL: encoded(text).map { $0 == "+" ? "-" : $0 == "/" ? "_" : String($0) }.joined()
        case .base64Lines: inLines(encoded(text))
        case .base64Twice: encoded(encoded(text))
        case .hexadecimal: text.utf8.map(hex).joined()
        case .hexadecimalPairs: text.utf8.map(hex).joined(separator: " ")
        case .comment: "Seen.<!-- \(text) -->"
        case .markdownComment: "Seen.\n\n[//]: # (\(text))\n"
        case .hiddenStyle: "<p>Seen.<span style=\"font-size: 0\">\(text)</span></p>"
        case .encodedComment: "Seen.<!-- \(encoded(text)) -->"
        case .terminalColours:
            text.split(separator: " ").map { "\u{1B}[31m\($0.prefix(2))\u{1B}[0m\($0.dropFirst(2))" }.joined(
                separator: " ")
        }
    }

    private static let smallLetters: [Character: Character] = Dictionary(
        uniqueKeysWithValues: zip("abcdefghijklmnoprstuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ"))
    private static let cyrillicLetters: [Character: Character] = Dictionary(
        uniqueKeysWithValues: zip("acdehijklmnopqsuvxyABCEHIKMOPSTXY", "асԁеһіјкӏмոорԛѕսѵхуАВСЕНІКМОРЅТХҮ"))
    private static let greekLetters: [Character: Character] = Dictionary(
        uniqueKeysWithValues: zip("aiopvAEIHKMNOPTXYZ", "αιορνΑΕΙΗΚΜΝΟΡΤΧΥΖ"))
    private static let accentedLetters: [Character: Character] = Dictionary(
        uniqueKeysWithValues: zip("aceinorsuyAEIO", "åçëïñøŕšüýÅËÏØ"))

    private func scalars(_ values: some Sequence<UInt32>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: values.compactMap(Unicode.Scalar.init))
        return String(view)
    }

    private func map(_ text: String, _ change: (UInt32) -> UInt32) -> String {
        scalars(text.unicodeScalars.map { change($0.value) })
    }

    private func letters(_ text: String, small: UInt32, capital: UInt32) -> String {
        map(text) { value in
            switch value {
            case 0x61...0x7A: small + value - 0x61
            case 0x41...0x5A: capital + value - 0x41
            default: value
            }
        }
    }

    private func replaced(_ text: String, _ table: [Character: Character]) -> String {
        String(text.map { table[$0] ?? $0 })
    }

    private func isWord(_ character: Character) -> Bool { character.isASCII && character.isLetter }

    /// Puts a mark between each two letters.
    private func between(_ text: String, _ mark: String) -> String {
        var made = ""
        var last: Character = " "
        for character in text {
            if isWord(last), isWord(character) { made += mark }
            made.append(character)
            last = character
        }
        return made
    }

    private func behindLetters(_ text: String, _ marks: String) -> String {
        text.map { isWord($0) ? String($0) + marks : String($0) }.joined()
    }

    private func apart(_ text: String, _ mark: String, words: String) -> String {
        text.split(separator: " ").map { $0.map(String.init).joined(separator: mark) }.joined(separator: words)
    }

    /// Cuts words in pieces of two letters.
    private func inPieces(_ text: String) -> String {
        var made = ""
        var count = 0
        for character in text where isWord(character) {
            if count > 0, count % 2 == 0 { made += " " }
            made.append(character)
            count += 1
        }
        return made
    }

    private func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    private func encoded(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var made = ""
        var word: UInt32 = 0
        var bits: UInt32 = 0
        for byte in text.utf8 {
            word = word << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                made.append(alphabet[Int(word >> bits & 63)])
            }
        }
        if bits > 0 { made.append(alphabet[Int(word << (6 - bits) & 63)]) }
        while made.utf8.count % 4 != 0 { made.append("=") }
        return made
    }

    private func inLines(_ text: String) -> String {
        var made = ""
        for (place, character) in text.enumerated() {
            if place > 0, place % 22 == 0 { made += "\n" }
            made.append(character)
        }
        return made
    }
}
