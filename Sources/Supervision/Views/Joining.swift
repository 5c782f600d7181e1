/// The joining of words whose letters stand apart: `i g n o r e`,
/// `i-g-n-o-r-e`, `ig no re al l`.
///
/// Five single letters in a row are joined, or six pieces of one or two. A gap
/// that is wider than the narrowest, or that has a space where others have
/// none, is one between words.
struct Joining: Sendable {
    private static let widestGap = 8
    private static let mostPieces = 4096

    private let tables: UnicodeTables
    private(set) var place = 0
    private var passages = ReplacedPassages()
    /// The letters that stand apart, so far.
    private var pieces: [Range<Int>] = []
    private var areSingle = true

    init(_ tables: UnicodeTables = .shared) { self.tables = tables }

    /// Goes on, up to a place or a word further.
    mutating func advance(_ input: [UInt8], until limit: Int) {
        input.withUnsafeBufferPointer { input in
            let limit = min(limit, input.count)
            while place < limit {
                let byte = input[place]
                if byte < 0x80 {
                    if Characters.isLetter(byte) {
                        readWord(input)
                    } else {
                        place += 1
                        if Characters.isDigit(byte) { join(input) }
                    }
                    continue
                }
                let (scalar, length) = Characters.scalar(at: place, in: input)
                switch tables.record(scalar).kind {
                case .letter, .rightToLeft: readWord(input)
                case .ideograph, .complex, .mark:
                    place += length
                    join(input)
                default: place += length
                }
            }
        }
    }

    /// - Returns: The passages in which something was joined.
    mutating func finish(_ input: [UInt8]) -> [UInt8] {
        input.withUnsafeBufferPointer { join($0) }
        return passages.finish(input)
    }

    private mutating func readWord(_ input: Bytes) {
        let start = place
        var letters = 0
        while place < input.count, place - start < 65536 {
            if input[place] < 0x80 {
                guard Characters.isLetter(input[place]) else { break }
                place += 1
                letters += 1
                continue
            }
            let (scalar, length) = Characters.scalar(at: place, in: input)
            let kind = tables.record(scalar).kind
            guard kind == .letter || kind == .rightToLeft || kind == .mark else { break }
            if kind != .mark { letters += 1 }
            place += length
        }
        guard letters <= 2 else { return join(input) }
        if let last = pieces.last, start - last.upperBound > Self.widestGap || pieces.count == Self.mostPieces {
            join(input)
        }
        pieces.append(start..<place)
        if letters > 1 { areSingle = false }
    }

    /// Joins the pieces so far, if they are enough, and starts anew.
    private mutating func join(_ input: Bytes) {
        guard !pieces.isEmpty else { return }
        defer {
            pieces.removeAll(keepingCapacity: true)
            areSingle = true
        }
        guard pieces.count >= (areSingle ? 5 : 6) else { return }
        var narrowest = Self.widestGap
        var isSpaced = true
        for (left, right) in zip(pieces, pieces.dropFirst()) {
            narrowest = min(narrowest, right.lowerBound - left.upperBound)
            isSpaced = isSpaced && hasSpace(left.upperBound..<right.lowerBound, input)
        }
        var word: [UInt8] = []
        var end: Int?
        for piece in pieces {
            if let end, piece.lowerBound - end > narrowest || !isSpaced && hasSpace(end..<piece.lowerBound, input) {
                word.append(UInt8(ascii: " "))
            }
            word.append(contentsOf: input[piece])
            end = piece.upperBound
        }
        passages.replace(pieces[0].lowerBound..<pieces[pieces.count - 1].upperBound, of: input, with: word)
    }

    private func hasSpace(_ gap: Range<Int>, _ input: Bytes) -> Bool {
        input[gap].contains(where: Characters.isSpace)
    }
}
