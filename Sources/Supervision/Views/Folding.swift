/// The folding of a text into the form of views, in pieces of bounded work.
///
/// Folded text is NFKC, case folded, without ignorable characters, without
/// control characters and the colours of terminals; each run of white space is
/// one space, and none stands at the start. Within words of letters that each
/// stand for themselves, look-alikes of Latin letters become those (UTS #39,
/// and letters with strokes, small capitals and letters in boxes besides), and
/// marks on them are dropped: where the word has a Latin letter, or has
/// look-alikes only and follows no foreign word. Thus `ignоrе` with Cyrillic letters and `ïgnörè` are
/// `ignore`, and Russian words stay Russian, but for a few short ones. Digits
/// of all scripts become ASCII, and so do dashes and quotation marks.
///
/// Folding what was folded changes nothing. Text that is added behind changes
/// nothing before the last word; where characters beyond ASCII stand without a
/// space, nothing before the last 256 of them.
struct Folding: Sendable {
    /// The most decomposed characters of a word that is looked at as a whole.
    /// Longer ones are words of no language: all their look-alikes are changed.
    private static let wordLength = 64
    /// The most characters of a piece, where no place is found to cut.
    private static let pieceLength = 256
    /// The most ASCII letters before a foreign one that are looked at again.
    private static let lookBack = 32

    private struct Item {
        var scalar: UInt32
        var record: CharacterRecord
    }

    private let tables: UnicodeTables
    private var composer: Composer
    private var items: [Item] = []
    private(set) var output: [UInt8] = []
    private(set) var place = 0
    /// The output of the last piece ends here; what lies before is not looked
    /// at again.
    private var settled = 0
    /// The last letter before this piece is none of ASCII.
    private var followsForeign = false
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
                        let (scalar, length) = Characters.scalar(at: place, in: input)
                        if tables.record(scalar).kind == .space {
                            place += length
                            space()
                        } else {
                            foldPiece(input)
                        }
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
    }

    /// Folds a piece that has characters beyond ASCII, together with the ASCII
    /// letters around it.
    private mutating func foldPiece(_ input: Bytes) {
        items.removeAll(keepingCapacity: true)
        if output.count > settled { isWithinLongWord = false }
        var start = output.count
        while start > settled, output.count - start < Self.lookBack, Characters.isLetter(output[start - 1]) {
            start -= 1
        }
        for letter in output[start...] {
            items.append(Item(scalar: UInt32(letter), record: tables.record(UInt32(letter))))
        }
        output.removeLast(output.count - start)
        let endsInside = gather(input)
        emit(startsInside: isWithinLongWord, endsInside: endsInside)
        settled = output.count
        isWithinLongWord = endsInside
    }

    /// Gathers the items of a piece.
    /// - Returns: true where the piece is cut within a word.
    private mutating func gather(_ input: Bytes) -> Bool {
        var wordLength = items.count
        while place < input.count {
            let (scalar, length) = Characters.scalar(at: place, in: input)
            let record = tables.record(scalar)
            if record.kind == .space { return false }
            if scalar < 0x80, !Characters.isLetter(UInt8(scalar)) {
                guard record.kind == .control else { return false }
                place += 1
                if scalar == 0x1B { skipEscape(input) }
                continue
            }
            if record.kind.isInvisible {
                place += length
                continue
            }
            if items.count >= Self.wordLength {
                let isInside = wordLength > 0 && record.kind.isOfWord
                let mayCut = isInside ? wordLength >= Self.wordLength : true
                if mayCut && isCut(before: scalar, record) || items.count >= Self.pieceLength { return isInside }
            }
            place += length
            let before = items.count
            append(scalar, record)
            wordLength = record.kind.isOfWord ? wordLength + items.count - before : 0
        }
        return false
    }

    /// Adds the parts of a character's folding, or the character itself where
    /// it stays as it is, or has a look-alike as a whole.
    private mutating func append(_ scalar: UInt32, _ record: CharacterRecord) {
        guard record.foldingCount > 0, record.lookCount == 0 else {
            return items.append(Item(scalar: scalar, record: record))
        }
        for place in Int(record.foldingStart)..<Int(record.foldingStart) + Int(record.foldingCount) {
            let part = tables.parts[place]
            items.append(Item(scalar: part, record: tables.record(part)))
        }
    }

    /// Says whether a character can't compose with those before it.
    private func isCut(before scalar: UInt32, _ record: CharacterRecord) -> Bool {
        guard record.foldingCount > 0 else { return record.order == 0 && !record.composesBack }
        let first = tables.record(tables.parts[Int(record.foldingStart)])
        return first.order == 0 && !first.composesBack
    }

    private mutating func emit(startsInside: Bool, endsInside: Bool) {
        var start = 0
        /// The character before is ASCII and has no use for a mark.
        var isBare = output.last.map { $0 > 0x20 && $0 < 0x80 } ?? false
        // All that was put out since the last piece is ASCII.
        if output[settled...].contains(where: Characters.isLetter) { followsForeign = false }
        while start < items.count {
            guard items[start].record.kind.isOfWord else {
                push(items[start], replaced: true)
                isBare = composer.scalars.last.map { $0 > 0x20 && $0 < 0x80 } ?? false
                start += 1
                continue
            }
            var end = start + 1
            while end < items.count, items[end].record.kind.isOfWord { end += 1 }
            let isLong = startsInside && start == 0 || endsInside && end == items.count
            let isReplaced = isLong || isReplaced(start..<end, afterForeign: followsForeign)
            for item in items[start..<end] {
                if item.record.kind == .mark {
                    if !isBare { composer.push(item.scalar, item.record) }
                } else {
                    isBare = push(item, replaced: isReplaced)
                    followsForeign = !isBare
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

    /// Adds a character.
    /// - Returns: true where it became ASCII.
    @discardableResult
    private mutating func push(_ item: Item, replaced isReplaced: Bool) -> Bool {
        if item.scalar < 0x80 {
            composer.push(
                ascii: Characters.isLetter(UInt8(item.scalar)) ? UInt8(item.scalar) | 0x20 : UInt8(item.scalar))
            return true
        }
        guard isReplaced, item.record.lookCount > 0 else {
            composer.push(item.scalar, item.record)
            return false
        }
        for place in Int(item.record.lookStart)..<Int(item.record.lookStart) + Int(item.record.lookCount) {
            composer.push(ascii: tables.looks[place])
        }
        return true
    }

    /// Decides whether the look-alikes in a word are replaced: where it has a
    /// Latin letter, or has look-alikes only and follows no word of its script.
    private func isReplaced(_ word: Range<Int>, afterForeign: Bool) -> Bool {
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
        return hasLetters && areAllAlike && !afterForeign
    }

    /// Says whether a letter is Latin, perhaps with marks.
    private func hasLatin(_ item: Item) -> Bool {
        guard item.record.foldingCount > 0 else { return item.scalar < 0x80 }
        let start = Int(item.record.foldingStart)
        return tables.parts[start..<start + Int(item.record.foldingCount)].contains { part in
            part < 0x80 && Characters.isLetter(UInt8(part))
        }
    }
}
