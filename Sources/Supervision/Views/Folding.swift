/// The folding of a text into the form of views, in pieces of bounded work.
///
/// Folded text is NFKC, case folded, without ignorable characters, without
/// control characters and the colours of terminals; each run of white space is
/// one space, and none stands at the start. Within words of letters that each
/// stand for themselves, look-alikes of Latin letters become those (UTS #39,
/// and letters with strokes, small capitals and letters in boxes besides), and
/// marks on them are dropped: where the word has a Latin letter, or has
/// look-alikes only. Thus `ignоrе` with Cyrillic letters and `ïgnörè` are
/// `ignore`, and Russian words stay Russian, but for a few short ones. Digits
/// of all scripts become ASCII, and so do dashes and quotation marks.
///
/// Folding what was folded changes nothing, and text that is added behind
/// changes nothing before the last ``reach`` bytes of the input.
struct Folding: Sendable {
    /// The most decomposed characters of a word that is looked at as a whole.
    /// Longer ones are words of no language: all their look-alikes are changed.
    private static let wordLength = 64
    /// The most characters of a piece, where no place is found to cut.
    private static let pieceLength = 256
    /// The most ASCII letters before a foreign one that are looked at again.
    private static let lookBack = 32
    /// The most bytes at the end that later text can change.
    static let reach = 256 * 4

    private struct Item {
        var scalar: UInt32
        var record: CharacterRecord
    }

    private let tables: UnicodeTables
    private var composer: Composer
    private var items: [Item] = []
    private(set) var output: [UInt8] = []
    private(set) var place = 0
    /// The end of the last piece; what lies before is not looked at again.
    private var settled = 0
    /// The last piece ended within a word that is too long.
    private var isWithinLongWord = false

    init(_ tables: UnicodeTables = .shared) {
        self.tables = tables
        composer = Composer(tables)
    }

    /// Folds a whole text.
    static func fold(_ bytes: [UInt8]) -> [UInt8] {
        var folding = Folding()
        folding.advance(bytes, until: bytes.count)
        return folding.finish()
    }

    /// Folds on, up to a place or a little further.
    mutating func advance(_ input: [UInt8], until limit: Int) {
        if place == 0 { output.reserveCapacity(input.count) }
        input.withUnsafeBufferPointer { input in
            Self.small.withUnsafeBufferPointer { small in
                let limit = min(limit, input.count)
                while place < limit {
                    let byte = input[place]
                    guard byte < 0x80 else {
                        foldPiece(input)
                        continue
                    }
                    let folded = small[Int(byte)]
                    place += 1
                    if folded > 0x20 {
                        output.append(folded)
                    } else if folded == 0x20 {
                        space()
                    } else if byte == 0x1B {
                        skipEscape(input)
                    }
                }
            }
        }
    }

    mutating func finish() -> [UInt8] {
        if output.last == 0x20 { output.removeLast() }
        return output
    }

    /// ASCII in small letters; white space is a space, other control
    /// characters are 0.
    private static let small: [UInt8] = (0..<128 as Range<UInt8>).map { byte in
        if Characters.isSpace(byte) { return 0x20 }
        if byte < 0x20 || byte == 0x7F { return 0 }
        return byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    @inline(__always)
    private mutating func space() {
        if let last = output.last, last != 0x20 { output.append(0x20) }
    }

    /// Skips the rest of a terminal's control sequence (ECMA-48 §5.4).
    private mutating func skipEscape(_ input: Bytes) {
        guard place < input.count, input[place] == UInt8(ascii: "[") else { return }
        var end = place + 1
        while end < input.count, end - place < 32, input[end] >= 0x20, input[end] < 0x40 { end += 1 }
        if end < input.count, input[end] >= 0x40, input[end] < 0x7F { place = end + 1 }
        settled = place
    }

    /// Folds a piece that has characters beyond ASCII, together with the ASCII
    /// letters around it.
    private mutating func foldPiece(_ input: Bytes) {
        items.removeAll(keepingCapacity: true)
        var start = place
        while start > settled, place - start < Self.lookBack, Characters.isLetter(input[start - 1]) { start -= 1 }
        if start > settled { isWithinLongWord = false }
        output.removeLast(place - start)
        place = start
        let endsInside = gather(input)
        settled = place
        emit(isLong: isWithinLongWord || endsInside)
        isWithinLongWord = endsInside
    }

    /// Gathers the items of a piece.
    /// - Returns: true where the piece is cut within a word.
    private mutating func gather(_ input: Bytes) -> Bool {
        var parts = 0
        while place < input.count {
            let (scalar, length) = Characters.scalar(at: place, in: input)
            if scalar < 0x80, !Characters.isLetter(UInt8(scalar)) { return false }
            let record = tables.record(scalar)
            if record.kind == .space { return false }
            if parts >= Self.wordLength, isCut(before: scalar, record) || items.count >= Self.pieceLength {
                return record.kind.isOfWord && items.last?.record.kind.isOfWord == true
            }
            place += length
            if record.kind.isInvisible { continue }
            items.append(Item(scalar: scalar, record: record))
            parts += max(1, Int(record.foldingCount))
        }
        return false
    }

    /// Says whether a character can't compose with those before it.
    private func isCut(before scalar: UInt32, _ record: CharacterRecord) -> Bool {
        guard record.foldingCount > 0 else { return record.order == 0 && !record.composesBack }
        let first = tables.record(tables.parts[Int(record.foldingStart)])
        return first.order == 0 && !first.composesBack
    }

    private mutating func emit(isLong: Bool) {
        var start = 0
        /// The character before is ASCII and has no use for a mark.
        var bare = output.last.map { $0 > 0x20 && $0 < 0x80 } ?? false
        while start < items.count {
            guard items[start].record.kind.isOfWord else {
                pushSymbol(items[start])
                bare = composer.scalars.last.map { $0 > 0x20 && $0 < 0x80 } ?? false
                start += 1
                continue
            }
            var end = start + 1
            while end < items.count, items[end].record.kind.isOfWord { end += 1 }
            let replaced = isLong || isReplaced(start..<end)
            for item in items[start..<end] {
                if replaced, item.record.kind == .letter, pushLook(item) {
                    bare = true
                } else if item.record.kind != .mark {
                    composer.push(item.scalar, item.record)
                    bare = false
                } else if !bare {
                    composer.push(item.scalar, item.record)
                }
            }
            start = end
        }
        composer.flush { scalar in
            if scalar == 0x20 {
                if let last = output.last, last != 0x20 { output.append(0x20) }
            } else {
                Characters.append(scalar, to: &output)
            }
        }
    }

    /// Decides whether the look-alikes in a word are replaced.
    private func isReplaced(_ word: Range<Int>) -> Bool {
        var hasLetters = false
        var areAllAlike = true
        for item in items[word] {
            switch item.record.kind {
            case .mark: continue
            case .letter:
                if hasLatin(item) { return true }
                hasLetters = true
                if item.record.lookCount == 0 { areAllAlike = false }
            default: areAllAlike = false
            }
        }
        return hasLetters && areAllAlike
    }

    /// Says whether a letter folds to a Latin letter, perhaps with marks.
    private func hasLatin(_ item: Item) -> Bool {
        guard item.record.foldingCount > 0 else { return item.scalar < 0x80 }
        let start = Int(item.record.foldingStart)
        return tables.parts[start..<start + Int(item.record.foldingCount)].contains { part in
            part < 0x80 && Characters.isLetter(UInt8(part))
        }
    }

    /// Adds a letter's ASCII form.
    /// - Returns: false where it has none.
    private mutating func pushLook(_ item: Item) -> Bool {
        let record = item.record
        if item.scalar < 0x80 {
            composer.push(ascii: UInt8(item.scalar) | 0x20)
            return true
        }
        if record.lookCount > 0 {
            for place in Int(record.lookStart)..<Int(record.lookStart) + Int(record.lookCount) {
                composer.push(ascii: tables.looks[place])
            }
            return true
        }
        let start = Int(record.foldingStart)
        guard record.foldingCount > 0,
            tables.parts[start..<start + Int(record.foldingCount)].allSatisfy({ $0 < 0x80 })
        else { return false }
        composer.push(item.scalar, record)
        return true
    }

    private mutating func pushSymbol(_ item: Item) {
        if item.record.lookCount > 0 {
            _ = pushLook(item)
        } else {
            composer.push(item.scalar, item.record)
        }
    }
}
