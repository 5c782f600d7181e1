/// The words of a text that arrives piece by piece, each with the hashes that
/// its features are made of.
///
/// A word is a run of letters and digits. Letters of ASCII are folded to lower
/// case, every digit is read as `0`, and apostrophes inside of words are left
/// out. Each scalar of Chinese, Japanese and Korean is a word, and so is each
/// emoji. A run of more than 24 letters is read in pieces of eight: words
/// whose spaces somebody took away. All else between two words is their gap: runs of blanks count as
/// one, and of other characters only the first eight bytes. Cutting the text
/// at other places gives the same words.
package struct WordStream: Sendable {
    /// One word, and the gap before it.
    package struct Word: Sendable {
        package var hash: UInt32
        package var gap: UInt32
        /// The number of entries of ``WordStream/grams``.
        package var grams: Int
        /// Three letters and more, without digits: texts are as long as they have
        /// such words, and no longer when they are encoded.
        package var counts: Bool
    }

    private static let basis: UInt32 = 2_166_136_261
    private static let longest = 24
    private static let piece = 8
    private static let mostGrams = 24

    /// The hashes of four letters each of the word that was read last, with
    /// marks at both ends; only the first ``Word/grams`` are of that word.
    package private(set) var grams = [UInt32](repeating: 0, count: WordStream.mostGrams)
    private var gramCount = 0
    private var hash = WordStream.basis
    private var length = 0
    private var rolling: UInt32 = 0
    private var kinds: UInt8 = 0
    /// A piece of this run of letters has been read already.
    private var isRun = false
    private var gap = WordStream.basis
    private var gapLength = 0
    private var lastGapByte: UInt8 = 0
    /// The bytes that are still to come of a scalar that is a word by itself.
    private var ideograph = 0
    /// The bytes that are still to come of a punctuation mark outside ASCII.
    private var mark = 0

    package init() {}

    /// Takes one byte of UTF-8.
    /// - Returns: The word that ended before or with it.
    package mutating func take(_ byte: UInt8) -> Word? {
        if byte >= 0x80 { return takeOutsideASCII(byte) }
        (ideograph, mark) = (0, 0)
        switch byte {
        case 0x61...0x7A:
            return add(byte, 1)
        case 0x41...0x5A:
            return add(byte | 0x20, 1)
        case 0x30...0x39:
            return add(0x30, 2)
        case 0x27 where length > 0:
            break
        default:
            let word = end()
            addToGap(byte)
            return word
        }
        return nil
    }

    /// Returns the word that would end if the text ended here.
    package func pending() -> (word: Word, grams: [UInt32])? {
        var copy = self
        guard let word = copy.end() else { return nil }
        return (word, Array(copy.grams[..<word.grams]))
    }

    /// Ends the word and the line, as between two messages.
    package mutating func endBlock() -> Word? { take(0x0A) }

    private mutating func takeOutsideASCII(_ byte: UInt8) -> Word? {
        if mark > 0, byte < 0xC0 {
            mark -= 1
            addToGap(byte)
            return nil
        }
        if ideograph > 0, byte < 0xC0 {
            ideograph -= 1
            _ = add(byte, 0)
            return ideograph == 0 ? end() : nil
        }
        (ideograph, mark) = (0, 0)
        switch byte {
        case 0xC2, 0xE2:
            // Marks of Latin-1, dashes, quotation marks, arrows, symbols.
            let word = end()
            mark = byte == 0xC2 ? 1 : 2
            addToGap(byte)
            return word
        case 0xE3...0xED, 0xF0...0xF4:
            let word = end()
            ideograph = byte < 0xF0 ? 2 : 3
            _ = add(byte, 0)
            return word
        default:
            return add(byte, 1)
        }
    }

    /// Adds a byte to the word.
    /// - Returns: A piece, where the word has become too long to be one.
    private mutating func add(_ byte: UInt8, _ kind: UInt8) -> Word? {
        if length == 0 {
            if !isRun { rolling = 0x5E }
            gramCount = 0
        }
        kinds |= kind
        hash = (hash ^ UInt32(byte)) &* 16_777_619
        rolling = rolling << 8 | UInt32(byte)
        length += 1
        if length >= 3 || isRun { addGram() }
        // Not between the bytes of a scalar.
        guard length >= (isRun ? Self.piece : Self.longest), byte < 0x80 || length >= 64 else { return nil }
        let word = endPiece()
        isRun = true
        return word
    }

    private mutating func addGram() {
        guard gramCount < Self.mostGrams else { return }
        grams[gramCount] = rolling
        gramCount += 1
    }

    private mutating func addToGap(_ byte: UInt8) {
        let blank = byte == 0x20 || (0x09...0x0D).contains(byte)
        if blank, lastGapByte == 0x20 { return }
        lastGapByte = blank ? 0x20 : byte
        guard gapLength < 8 else { return }
        gapLength += 1
        gap = (gap ^ UInt32(lastGapByte)) &* 16_777_619
    }

    private mutating func end() -> Word? {
        defer { isRun = false }
        guard length > 0 else { return nil }
        if length >= 3 {
            rolling = rolling << 8 | 0x24
            addGram()
        }
        return endPiece()
    }

    private mutating func endPiece() -> Word {
        // The letters of ids and of encoded data say nothing, nor do digits.
        if kinds == 3 { hash = 0x6D69_7865 }
        if kinds & 2 != 0 { gramCount = 0 }
        let word = Word(hash: hash, gap: gap, grams: gramCount, counts: length >= 3 && kinds & 2 == 0)
        (hash, length, kinds) = (Self.basis, 0, 0)
        (gap, gapLength, lastGapByte) = (Self.basis, 0, 0)
        return word
    }
}
