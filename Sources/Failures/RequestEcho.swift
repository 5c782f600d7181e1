package import NIOCore

/// The bytes of a caller's request, to tell its own words from a provider's.
///
/// Providers quote in their errors what a caller sent: a role, a tag, a
/// property of a schema, an address, a prompt. Such words are no evidence
/// against a model, so that they are masked before a failure is judged.
package struct RequestText: Sendable {
    /// The body, header fields and the query, each as it came.
    package var pieces: [ByteBuffer]
    /// The model's names, which a provider's own sentence repeats.
    package var names: [String]

    package init(pieces: [ByteBuffer], names: [String]) {
        self.pieces = pieces
        self.names = names
    }
}

/// A search for everything in a provider's message that stands in the request.
///
/// Found are quotations of any length from two bytes on, and pieces outside of
/// quotation marks from ``leastPiece`` bytes on. Letters are compared without
/// case, white space as one space, and JSON's escapes as what they stand for.
/// The request is read once, byte by byte, whatever the message holds.
struct RequestEcho {
    /// The length from which a piece without quotation marks counts.
    static let leastPiece = 12
    /// More quotations than any message of a provider has.
    private static let mostQuotations = 512

    /// The message, normalized, and where each of its bytes came from.
    private let text: FoldedText
    private var pieces: PieceIndex
    private var quotations: QuotationIndex

    /// - Parameter message: lower case, of at most 8 KiB.
    init(_ message: [UInt8]) {
        text = FoldedText(message)
        pieces = PieceIndex(text.bytes, length: Self.leastPiece)
        quotations = QuotationIndex(
            Quotations.find(in: text.bytes, most: Self.mostQuotations), in: text.bytes)
    }

    /// Tells whether any of the words, each shorter than ``leastPiece``, stands in
    /// the request.
    static func finds(_ words: [String], in request: RequestText) -> Bool {
        let bytes = Array(words.joined(separator: "\n").utf8)
        var ranges: [Range<Int>] = []
        var start = 0
        for word in words {
            ranges.append(start..<start + word.utf8.count)
            start += word.utf8.count + 1
        }
        var index = QuotationIndex(ranges.filter { $0.count < Self.leastPiece }, in: bytes)
        read(request) { window in index.look(window) }
        return index.found.contains(true)
    }

    /// - Returns: for each byte of the message, whether it is the caller's.
    mutating func mask(against request: RequestText) -> [Bool] {
        Self.read(request) { window in
            pieces.look(window)
            quotations.look(window)
        }
        var marks = [Bool](repeating: false, count: text.bytes.count)
        pieces.mark(&marks)
        quotations.mark(&marks)
        for name in request.names { unmark(name, in: &marks) }
        var mask = [Bool](repeating: false, count: text.length)
        for (index, isMarked) in marks.enumerated() where isMarked { mask[text.origins[index]] = true }
        return mask
    }

    /// Feeds the last 16 bytes of the normalized request after each byte.
    private static func read(_ request: RequestText, _ look: (UInt128) -> Void) {
        for piece in request.pieces {
            // What stands in two pieces is in none.
            var fold = Folding()
            var window: UInt128 = 0
            piece.withUnsafeReadableBytes { bytes in
                var reader = JSONUnescaping(bytes)
                while let byte = reader.next() {
                    guard let folded = fold.next(byte) else { continue }
                    window = window << 8 | UInt128(folded)
                    look(window)
                }
            }
        }
    }

    private func unmark(_ name: String, in marks: inout [Bool]) {
        let name = FoldedText(Array(name.utf8)).bytes
        guard name.count > 1, text.bytes.count >= name.count else { return }
        for start in 0...(text.bytes.count - name.count) where text.bytes[start] == name[0] {
            guard text.bytes[start..<start + name.count].elementsEqual(name) else { continue }
            for index in start..<start + name.count { marks[index] = false }
        }
    }
}

/// All pieces of one length of a message, found by their bytes.
private struct PieceIndex {
    private let length: Int
    private let mask: UInt128
    /// A power of two; 0 is no piece's value.
    private var slots: [UInt128] = []
    /// Of each slot, the piece's last place in the message.
    private var last: [Int32] = []
    /// Of each place, the same piece's place before it; -1 for none.
    private var before: [Int32] = []
    private var found: [Bool] = []
    /// One bit for each of the hash's values that occur, so that most bytes of
    /// a request cost one look.
    private var filter = [UInt64](repeating: 0, count: 1024)

    init(_ bytes: [UInt8], length: Int) {
        self.length = length
        mask = (UInt128(1) << (8 * length)) - 1
        guard bytes.count >= length else { return }
        var capacity = 16
        while capacity < bytes.count * 2 { capacity *= 2 }
        slots = [UInt128](repeating: 0, count: capacity)
        last = [Int32](repeating: -1, count: capacity)
        found = [Bool](repeating: false, count: capacity)
        before = [Int32](repeating: -1, count: bytes.count)
        var window: UInt128 = 0
        for (index, byte) in bytes.enumerated() {
            window = window << 8 | UInt128(byte)
            guard index >= length - 1 else { continue }
            let piece = window & mask
            let hash = Self.hash(piece)
            filter[Int(hash >> 54)] |= 1 << (hash >> 48 & 63)
            let slot = self.slot(of: piece, hash)
            let start = index - length + 1
            slots[slot] = piece
            before[start] = last[slot]
            last[slot] = Int32(start)
        }
    }

    private static func hash(_ piece: UInt128) -> UInt64 {
        let low = UInt64(truncatingIfNeeded: piece)
        let high = UInt64(truncatingIfNeeded: piece >> 64)
        return (low ^ (high &* 0x9E37_79B9_7F4A_7C15)) &* 0xD6E8_FEB8_6659_FD93
    }

    private func slot(of piece: UInt128, _ hash: UInt64) -> Int {
        var slot = Int(hash >> 20) & (slots.count - 1)
        while slots[slot] != 0, slots[slot] != piece { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    mutating func look(_ window: UInt128) {
        guard !slots.isEmpty else { return }
        let piece = window & mask
        let hash = Self.hash(piece)
        guard filter[Int(hash >> 54)] >> (hash >> 48 & 63) & 1 == 1 else { return }
        let slot = slot(of: piece, hash)
        if slots[slot] == piece, piece != 0 { found[slot] = true }
    }

    func mark(_ marks: inout [Bool]) {
        for slot in slots.indices where found[slot] {
            var place = last[slot]
            while place >= 0 {
                for index in Int(place)..<Int(place) + length { marks[index] = true }
                place = before[Int(place)]
            }
        }
    }
}

/// Short quotations of a message, found by their last two bytes first.
private struct QuotationIndex {
    private struct Quotation {
        var range: Range<Int>
        var value: UInt128
        var mask: UInt128
    }

    private var quotations: [Quotation] = []
    private(set) var found: [Bool] = []
    /// Those not found yet, by their last two bytes.
    private var waiting: [UInt16: [Int]] = [:]
    private var filter = [UInt64](repeating: 0, count: 1024)

    /// - Parameter ranges: those outside of 2 to 16 bytes are left out: one
    ///   byte says nothing, and longer ones are found as pieces.
    init(_ ranges: [Range<Int>], in bytes: [UInt8]) {
        for range in ranges where (2...16).contains(range.count) {
            let value = bytes[range].reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
            let mask = range.count == 16 ? UInt128.max : (UInt128(1) << (8 * range.count)) - 1
            let ending = UInt16(truncatingIfNeeded: value)
            waiting[ending, default: []].append(quotations.count)
            filter[Int(ending >> 6)] |= 1 << (ending & 63)
            quotations.append(Quotation(range: range, value: value, mask: mask))
        }
        found = [Bool](repeating: false, count: quotations.count)
    }

    mutating func look(_ window: UInt128) {
        let ending = UInt16(truncatingIfNeeded: window)
        guard filter[Int(ending >> 6)] >> (ending & 63) & 1 == 1, let candidates = waiting[ending] else { return }
        for index in candidates where window & quotations[index].mask == quotations[index].value {
            found[index] = true
        }
        // What was found is looked for no more: a request that repeats it
        // costs no more than one that doesn't.
        let left = candidates.filter { !found[$0] }
        guard left.count < candidates.count else { return }
        waiting[ending] = left.isEmpty ? nil : left
        if left.isEmpty { filter[Int(ending >> 6)] &= ~(1 << (ending & 63)) }
    }

    func mark(_ marks: inout [Bool]) {
        for (index, quotation) in quotations.enumerated() where found[index] {
            for place in quotation.range { marks[place] = true }
        }
    }
}
