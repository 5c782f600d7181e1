/// The decoding of one text, once: of everything in it that is encoded, in
/// place.
struct Decoding: Sendable {
    /// The most spaces before a line that goes on with base 64.
    private static let indentation = 8

    private(set) var place = 0
    private var passages = ReplacedPassages()
    /// The places where words were encoded that needed no encoding, in order.
    private(set) var needless: [Range<Int>] = []
    /// Lines up to here were found not to go on with one another.
    private var separateUntil = 0
    /// The rest of a long run of letters that was not decoded.
    private var isWithinToken = false

    /// Goes on, up to a place, or some 64 KiB further at most.
    mutating func advance(_ input: [UInt8], until limit: Int) {
        input.withUnsafeBufferPointer { input in
            BaseTokens.values.withUnsafeBufferPointer { values in
                let limit = min(limit, input.count)
                while place < limit {
                    let byte = input[place]
                    if values[Int(byte)] < 64 {
                        readToken(input, values)
                        continue
                    }
                    isWithinToken = false
                    let found: Escapes.Found? =
                        switch byte {
                        case UInt8(ascii: "&"): Escapes.entity(input, at: place)
                        case UInt8(ascii: "%"): Escapes.percent(input, at: place)
                        case UInt8(ascii: "\\"): Escapes.backslash(input, at: place)
                        default: nil
                        }
                    guard let found else {
                        place += 1
                        continue
                    }
                    if found.isOrdinary, !passages.isNear(place) {
                        place = found.end
                    } else {
                        replace(place..<found.end, of: input, with: found.bytes, isNeedless: found.isNeedless)
                    }
                }
            }
        }
    }

    /// - Returns: The passages in which something was decoded.
    mutating func finish(_ input: [UInt8]) -> [UInt8] { passages.finish(input) }

    private mutating func replace(
        _ range: Range<Int>, of input: Bytes, with bytes: some Collection<UInt8>, isNeedless: Bool
    ) {
        passages.replace(range, of: input, with: bytes)
        place = range.upperBound
        guard isNeedless else { return }
        if let last = needless.last, range.lowerBound - last.upperBound <= 16 {
            needless[needless.count - 1] = last.lowerBound..<range.upperBound
        } else {
            needless.append(range)
        }
    }

    /// Reads a run of base 64's digits, and the lines that go on with it.
    private mutating func readToken(_ input: Bytes, _ values: Bytes) {
        let start = place
        let isRest = isWithinToken
        let end = tokenEnd(from: start, in: input, values)
        isWithinToken = end - start == BaseTokens.longest
        if end - start == 2, !isRest, readPairs(input) { return }
        if end >= separateUntil, !isWithinToken, !isRest, readLines(start..<end, input, values) { return }
        if end - start >= BaseTokens.shortest {
            let token = input[start..<end]
            if end - start >= 12, (end - start) % 2 == 0, token.allSatisfy({ Characters.hex($0) != nil }),
                let words = BaseTokens.words(BaseTokens.hex(token))
            {
                return replace(start..<end, of: input, with: words, isNeedless: true)
            }
            let whole = paddingEnd(end, input)
            if isRest || BaseTokens.isOdd(token, padded: whole > end),
                let words = BaseTokens.words(BaseTokens.base64(token))
            {
                return replace(start..<whole, of: input, with: words, isNeedless: true)
            }
        }
        place = end
    }

    private func tokenEnd(from start: Int, in input: Bytes, _ values: Bytes) -> Int {
        let most = min(input.count, start + BaseTokens.longest)
        var end = start
        while end < most, values[Int(input[end])] < 64 { end += 1 }
        return end
    }

    private func paddingEnd(_ end: Int, _ input: Bytes) -> Int {
        var end = end
        let most = min(input.count, end + 2)
        while end < most, input[end] == UInt8(ascii: "=") { end += 1 }
        return end
    }

    /// Reads a run that is followed by lines of one run each: base 64 that was
    /// split over lines.
    private mutating func readLines(_ first: Range<Int>, _ input: Bytes, _ values: Bytes) -> Bool {
        var lines = [first]
        var end = first.upperBound
        while end - first.lowerBound < BaseTokens.longest, let next = nextLine(after: end, input, values) {
            lines.append(next)
            end = next.upperBound
        }
        guard lines.count > 1 else { return false }
        // The first run may be the last word of a sentence before.
        for lines in [lines[...], lines.dropFirst()] where lines.count > 0 {
            guard let start = lines.first?.lowerBound else { continue }
            let characters = lines.lazy.joined().map { input[$0] }
            guard end - start >= 2 * BaseTokens.shortest,
                let words = BaseTokens.words(BaseTokens.base64(characters)), words.count >= 12
            else { continue }
            replace(start..<paddingEnd(end, input), of: input, with: words, isNeedless: true)
            return true
        }
        separateUntil = end
        return false
    }

    /// The run of the next line, if the line has nothing else.
    private func nextLine(after end: Int, _ input: Bytes, _ values: Bytes) -> Range<Int>? {
        var place = end
        var breaks = 0
        while place < input.count, place - end < Self.indentation + 2, Characters.isSpace(input[place]) {
            if input[place] == 10 { breaks += 1 }
            place += 1
        }
        guard breaks == 1, place < input.count else { return nil }
        let stop = tokenEnd(from: place, in: input, values)
        let whole = paddingEnd(stop, input)
        guard stop - place >= 2, stop - place < BaseTokens.longest else { return nil }
        return whole == input.count || Characters.isBreak(input[whole]) ? place..<stop : nil
    }

    /// Reads hexadecimal bytes that stand apart: `69 67 6e`, `69:67:6e`.
    private mutating func readPairs(_ input: Bytes) -> Bool {
        let start = place
        guard start >= separateUntil else { return false }
        var end = start
        var bytes: [UInt8] = []
        while end + 2 <= input.count, bytes.count < BaseTokens.longest / 3, let high = Characters.hex(input[end]),
            let low = Characters.hex(input[end + 1])
        {
            bytes.append(UInt8(high << 4 | low))
            guard end + 3 <= input.count, " :,-\n".utf8.contains(input[end + 2]) else {
                end += 3
                break
            }
            end += 3
        }
        end -= 1
        guard bytes.count >= 6, let words = BaseTokens.words(bytes), words.count == bytes.count else {
            separateUntil = max(separateUntil, end)
            return false
        }
        replace(start..<end, of: input, with: words, isNeedless: true)
        return true
    }
}
