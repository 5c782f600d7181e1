/// The quotations in a provider's message.
enum Quotations {
    /// - Returns: the places between quotation marks, of every kind of mark on
    ///   its own, without white space at their ends. What an ellipsis cuts a
    ///   quotation into are several.
    static func find(in bytes: [UInt8], most: Int) -> [Range<Int>] {
        var found: [Range<Int>] = []
        for mark in [UInt8(ascii: "\""), UInt8(ascii: "`")] { find(mark, in: bytes, &found) }
        findSingle(in: bytes, &found)
        findTypeset(in: bytes, &found)
        return Array(found.flatMap { pieces(of: $0, in: bytes) }.prefix(most))
    }

    /// Every second stretch between two equal marks; an open one lasts until
    /// the end, since messages are cut.
    private static func find(_ mark: UInt8, in bytes: [UInt8], _ found: inout [Range<Int>]) {
        var open: Int?
        for (index, byte) in bytes.enumerated() where byte == mark {
            if let start = open {
                found.append(start..<index)
                open = nil
            } else {
                open = index + 1
            }
        }
        if let open { found.append(open..<bytes.count) }
    }

    /// Single marks are apostrophes, too: one opens only where no word goes
    /// before it, and closes only where none follows.
    private static func findSingle(in bytes: [UInt8], _ found: inout [Range<Int>]) {
        func isOfWord(_ index: Int) -> Bool {
            guard bytes.indices.contains(index) else { return false }
            let byte = bytes[index]
            return byte >= 0x80 || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
        }
        var open: Int?
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "'") {
            if let start = open {
                guard !isOfWord(index + 1) else { continue }
                found.append(start..<index)
                open = nil
            } else if !isOfWord(index - 1) {
                open = index + 1
            }
        }
        if let open { found.append(open..<bytes.count) }
    }

    /// “ ”, ‘ and the plain mark that closes it here, « ».
    private static func findTypeset(in bytes: [UInt8], _ found: inout [Range<Int>]) {
        let pairs: [([UInt8], [UInt8])] = [
            ([0xE2, 0x80, 0x9C], [0xE2, 0x80, 0x9D]), ([0xE2, 0x80, 0x98], [UInt8(ascii: "'")]),
            ([0xC2, 0xAB], [0xC2, 0xBB]),
        ]
        for (opening, closing) in pairs {
            var index = 0
            while let start = place(of: opening, in: bytes, from: index) {
                let begin = start + opening.count
                let end = place(of: closing, in: bytes, from: begin) ?? bytes.count
                found.append(begin..<end)
                index = end
            }
        }
    }

    private static func place(of piece: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count - start >= piece.count else { return nil }
        return (start...(bytes.count - piece.count)).first { bytes[$0..<$0 + piece.count].elementsEqual(piece) }
    }

    private static func pieces(of range: Range<Int>, in bytes: [UInt8]) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var start = range.lowerBound
        var index = start
        func end(_ stop: Int, _ next: Int) {
            var lower = start
            var upper = stop
            // A backslash at the end belongs to an escaped quotation mark.
            while lower < upper, bytes[lower] == 0x20 { lower += 1 }
            while upper > lower, bytes[upper - 1] == 0x20 || bytes[upper - 1] == UInt8(ascii: "\\") { upper -= 1 }
            if lower < upper { pieces.append(lower..<upper) }
            start = next
        }
        while index < range.upperBound {
            let rest = bytes[index..<range.upperBound]
            let isEllipsis = rest.starts(with: [0x2E, 0x2E, 0x2E]) || rest.starts(with: [0xE2, 0x80, 0xA6])
            if isEllipsis { end(index, index + 3) }
            index += isEllipsis ? 3 : 1
        }
        end(range.upperBound, range.upperBound)
        return pieces
    }
}
