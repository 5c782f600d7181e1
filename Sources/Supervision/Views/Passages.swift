/// The passages of a text in which something was replaced, each with some of
/// the text around it.
///
/// Passages keep the order of the text, and are a line each. They are never
/// longer together than the text, since replacements are not longer than what
/// they replace.
struct ReplacedPassages: Sendable {
    /// The most bytes before and behind a replacement that are kept.
    static let context = 96

    private(set) var output: [UInt8] = []
    /// The input up to here was dealt with.
    private var copied = 0
    private var hasAny = false

    var isEmpty: Bool { !hasAny }

    /// Says whether a place is in a passage that has been begun.
    func isNear(_ place: Int) -> Bool { hasAny && place - copied <= Self.context }

    mutating func replace(_ range: Range<Int>, of input: Bytes, with bytes: some Collection<UInt8>) {
        let start = hasAny ? max(copied, range.lowerBound - 2 * Self.context) : max(0, range.lowerBound - Self.context)
        if start > copied {
            if hasAny {
                output.append(contentsOf: input[copied..<scalarStart(copied + Self.context, in: input)])
                output.append(UInt8(ascii: "\n"))
            }
            copied = scalarStart(max(copied, range.lowerBound - Self.context), in: input)
        }
        if range.lowerBound > copied { output.append(contentsOf: input[copied..<range.lowerBound]) }
        output.append(contentsOf: bytes)
        copied = range.upperBound
        hasAny = true
    }

    /// Adds the text behind the last replacement.
    /// - Returns: The passages; none where nothing was replaced.
    mutating func finish(_ input: [UInt8]) -> [UInt8] {
        guard hasAny else { return [] }
        input.withUnsafeBufferPointer { input in
            let end = min(input.count, copied + Self.context)
            output.append(contentsOf: input[copied..<(end == input.count ? end : scalarStart(end, in: input))])
        }
        return output
    }

    private func scalarStart(_ place: Int, in input: Bytes) -> Int {
        var place = place
        while place > copied, place < input.count, input[place] & 0xC0 == 0x80 { place -= 1 }
        return place
    }
}
