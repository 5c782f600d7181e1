/// A file of weights, read here and there: it may have hundreds of gigabytes,
/// of which a check needs the header, the padding and the very end.
///
/// Whoever checks a file before an engine opens it must see to it that nobody
/// changes it in between (a sealed memfd, say): what was read twice is
/// expected to say the same twice.
package protocol WeightBytes {
    var size: UInt64 { get }

    /// - Returns: exactly `count` bytes. Only places inside the file are asked
    ///   for, and never more than a header's most bytes at once.
    /// - Throws: ``FormatProblem`` of the kind `unreadable`.
    func read(at offset: UInt64, count: Int) throws(FormatProblem) -> [UInt8]
}
