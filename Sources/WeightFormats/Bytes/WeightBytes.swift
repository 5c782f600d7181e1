/// A file of weights that is read in parts: it may have hundreds of gigabytes, of which a check needs the header, the
/// padding and the end.
///
/// A file that is checked before an engine opens it must not change in between (a sealed memfd guarantees this, for
/// example): bytes that are read twice are expected to be the same.
package protocol WeightBytes {
    var size: UInt64 { get }

    /// - Returns: exactly `count` bytes. Only places inside the file are asked
    ///   for, and never more than a header's most bytes at once.
    /// - Throws: ``FormatProblem`` of the kind `unreadable`.
    func read(at offset: UInt64, count: Int) throws(FormatProblem) -> [UInt8]
}
