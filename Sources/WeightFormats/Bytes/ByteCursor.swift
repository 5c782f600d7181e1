/// Reads a header from front to back, little-endian, in steps that never
/// leave it.
///
/// It fetches 64 KiB ahead, so that a vocabulary's strings don't cost a call
/// each; what it fetched beyond the header is not looked at.
struct ByteCursor {
    private let source: any WeightBytes
    /// The offset of the next byte to read.
    private(set) var offset: UInt64
    /// No byte from here on is read.
    let end: UInt64
    private var window: [UInt8] = []
    private var windowStart: UInt64 = 0

    private static let step = 64 << 10

    init(_ source: any WeightBytes, from offset: UInt64 = 0, end: UInt64) {
        self.source = source
        self.offset = offset
        self.end = max(offset, min(end, source.size))
    }

    var left: UInt64 { end - offset }

    /// - Parameter what: names the bytes in the message, in case the file ends before them.
    mutating func take(_ count: Int, _ what: @autoclosure () -> String) throws(FormatProblem) -> ArraySlice<UInt8> {
        guard UInt64(count) <= left else { throw ended(what()) }
        if offset < windowStart || offset + UInt64(count) > windowStart + UInt64(window.count) {
            window = try source.whole(at: offset, count: Int(min(left, UInt64(max(count, Self.step)))))
            windowStart = offset
        }
        let start = Int(offset - windowStart)
        offset += UInt64(count)
        return window[start..<start + count]
    }

    mutating func skip(_ count: UInt64, _ what: @autoclosure () -> String) throws(FormatProblem) {
        guard count <= left else { throw ended(what()) }
        offset += count
    }

    mutating func number<Number: FixedWidthInteger>(
        _ type: Number.Type, _ what: @autoclosure () -> String
    ) throws(FormatProblem) -> Number {
        var value: Number = 0
        var shift = 0
        for byte in try take(Number.bitWidth / 8, what()) {
            value |= Number(truncatingIfNeeded: byte) << shift
            shift += 8
        }
        return value
    }

    /// A string's bytes, which stand behind their number.
    mutating func counted(most: Int, _ what: @autoclosure () -> String) throws(FormatProblem) -> ArraySlice<UInt8> {
        let start = offset
        let length = try number(UInt64.self, what())
        guard length <= UInt64(most) else {
            throw .malformed("\(what()) is said to have \(length) bytes; the most is \(most)", at: start)
        }
        return try take(Int(length), what())
    }

    /// Such a string where text must be.
    mutating func text(most: Int, _ what: @autoclosure () -> String) throws(FormatProblem) -> String {
        let start = offset
        guard let text = String(validating: try counted(most: most, what()), as: UTF8.self) else {
            throw .malformed("\(what()) is not UTF-8", at: start)
        }
        return text
    }

    private func ended(_ what: String) -> FormatProblem {
        guard end == source.size else {
            return .malformed("the header does not end within its most bytes, \(Amount.grouped(end))", at: offset)
        }
        return .malformed("the file ends within \(what)", at: offset)
    }
}

extension WeightBytes {
    /// - Throws: also where the source gives another number of bytes.
    func whole(at offset: UInt64, count: Int) throws(FormatProblem) -> [UInt8] {
        let bytes = try read(at: offset, count: count)
        guard bytes.count == count else {
            throw .unreadable("\(bytes.count) bytes came where \(count) were asked for", at: offset)
        }
        return bytes
    }

    /// - Parameter what: lies there, for the message.
    func mustBeZero(_ range: Range<UInt64>, _ what: @autoclosure () -> String) throws(FormatProblem) {
        guard !range.isEmpty else { return }
        let bytes = try whole(at: range.lowerBound, count: Int(range.upperBound - range.lowerBound))
        if let place = bytes.firstIndex(where: { $0 != 0 }) {
            throw .malformed("the padding behind \(what()) is not zeros", at: range.lowerBound + UInt64(place))
        }
    }
}
