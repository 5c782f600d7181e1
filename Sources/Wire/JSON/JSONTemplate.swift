import Glibc
package import NIOCore

/// A JSON text of which one string's inside varies and nothing else: the
/// events of a stream that differ in the next words only.
///
/// To recognize one costs two comparisons of memory instead of a parse. What
/// such a text says besides is what the one said that the template was learnt
/// from.
package struct JSONTemplate: Sendable {
    private let text: ByteBuffer
    /// Up to the string's opening quote, and with it.
    private let head: Int
    /// From the string's closing quote on.
    private let tail: Int

    /// - Parameter string: a string inside a text; the text's bytes are
    ///   copied, so that what they were received with is let go.
    package init(varying string: JSONView) {
        let bytes = string.document.bytes
        text = ByteBuffer(bytes: bytes.readableBytesView)
        head = string.range.lowerBound + 1
        tail = bytes.readableBytes - string.range.upperBound + 1
    }

    /// The string's text in `bytes`; nil where they are another JSON text, or
    /// none.
    package func string(in bytes: ByteBuffer) -> String? {
        inside(bytes) { JSONString.decode($0, isEscaped: $1) }
    }

    /// Returns whether `bytes` are the template's text with any string in the
    /// varying position.
    package func matches(_ bytes: ByteBuffer) -> Bool { inside(bytes) { _, _ in true } ?? false }

    private func inside<T>(_ bytes: ByteBuffer, _ body: (UnsafeBufferPointer<UInt8>, _ isEscaped: Bool) -> T) -> T? {
        guard bytes.readableBytes >= head + tail else { return nil }
        return bytes.withUnsafeReadableBytes { bytes in
            text.withUnsafeReadableBytes { text in
                let bytes = bytes.assumingMemoryBound(to: UInt8.self)
                let text = text.assumingMemoryBound(to: UInt8.self)
                guard let start = bytes.baseAddress, let known = text.baseAddress,
                    memcmp(start, known, head) == 0,
                    memcmp(start + bytes.count - tail, known + text.count - tail, tail) == 0
                else { return nil }
                // Its quotes are the template's: what lies between must be
                // the inside of one string.
                let string = UnsafeBufferPointer(start: start + head - 1, count: bytes.count - head - tail + 2)
                guard let isEscaped = JSONScanner.isOneString(string) else { return nil }
                return body(UnsafeBufferPointer(rebasing: string[1..<string.count - 1]), isEscaped)
            }
        }
    }
}

extension JSONScanner {
    /// - Returns: True when the string holds escapes; nil if the bytes are
    ///   anything but one string.
    fileprivate static func isOneString(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool? {
        guard let base = bytes.baseAddress else { return nil }
        var scanner = JSONScanner(scanning: bytes, base: base)
        guard let isEscaped = try? scanner.string(), scanner.position == bytes.count else { return nil }
        return isEscaped
    }
}
