/// The cut of a block's text into windows.
///
/// Places are relative to the block's start: a block that comes again, in any
/// later request and behind anything, has the same windows; a block that grew
/// differs from its last one on. Windows don't overlap and leave no text out,
/// but for those that hold nothing but white space.
package struct WindowCut: Sequence, IteratorProtocol {
    /// Scalars from a window's end in which a better place to cut is looked
    /// for: right behind white space.
    static let slack = 64

    private let text: String.UnicodeScalarView
    private let length: Int
    private var start: String.Index

    package init(_ text: String, length: Int = SecondStageLimits.windowLength) {
        self.text = text.unicodeScalars
        self.length = Swift.max(length, Self.slack)
        start = text.startIndex
    }

    package mutating func next() -> String? {
        while start < text.endIndex {
            var end = start
            var behindSpace: String.Index?
            var count = 0
            while end < text.endIndex, count < length {
                let isSpace = Self.isSpace(text[end])
                text.formIndex(after: &end)
                count += 1
                if isSpace, count > length - Self.slack { behindSpace = end }
            }
            if end < text.endIndex, let behindSpace { end = behindSpace }
            let window = text[start..<end]
            start = end
            if window.contains(where: { !Self.isSpace($0) }) { return String(window) }
        }
        return nil
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\n" || scalar == "\t" || scalar == "\r"
    }
}
