/// Text as Unicode scalars. Providers cut their fragments between scalars
/// and not between what Swift calls characters (`\r` and `\n`, the parts of
/// an emoji), so that nothing coarser compares them rightly.
typealias Scalars = [Unicode.Scalar]

extension Array where Element == Unicode.Scalar {
    init(_ text: String) { self = Array(text.unicodeScalars) }

    /// The number of scalars of white space at the beginning.
    var leadingSpace: Int { firstIndex { !$0.properties.isWhitespace } ?? count }

    /// The position at which the white space at the end begins.
    var trailingSpace: Int { (lastIndex { !$0.properties.isWhitespace } ?? -1) + 1 }

    /// Returns the position at which the word that ends at `end` begins.
    func wordStart(before end: Int) -> Int {
        (self[..<end].lastIndex { $0.properties.isWhitespace } ?? -1) + 1
    }

    /// True when the text is a pattern that occurs at least twice: a repetition
    /// of it can't be distinguished from a text that continues in the same way.
    var isLooping: Bool {
        guard count > 1 else { return false }
        // The failure function of Knuth, Morris and Pratt.
        var borders = [Int](repeating: 0, count: count)
        var border = 0
        for index in 1..<count {
            while border > 0, self[index] != self[border] { border = borders[border - 1] }
            if self[index] == self[border] { border += 1 }
            borders[index] = border
        }
        return (count - border) * 2 <= count
    }
}

extension String {
    init(_ scalars: some Sequence<Unicode.Scalar>) {
        var view = UnicodeScalarView()
        view.append(contentsOf: scalars)
        self = String(view)
    }
}

/// The point at which a text that broke off is cut for the candidate that
/// continues.
struct Cut {
    /// The longest last word that is asked for again, in scalars. What is
    /// longer (a URL, a script without spaces) would hardly come out the same
    /// again.
    static let longestWord = 32

    /// The text that the candidate is given.
    var given: Scalars
    /// The text that was sent beyond that.
    var tail: Scalars

    /// At the last whole word: a cut inside a word changes how it goes on.
    static func atWord(_ text: Scalars) -> Cut {
        let end = text.trailingSpace
        // White space was sent after the last word, which is whole then.
        guard end == text.count else { return exact(text) }
        let start = text.wordStart(before: end)
        let given = text[..<start]
        guard start > 0, end - start <= longestWord else { return exact(text) }
        let kept = Scalars(given).trailingSpace
        guard kept > 0 else { return exact(text) }
        return Cut(given: Scalars(text[..<kept]), tail: Scalars(text[kept...]))
    }

    /// All of it but the white space at its end: providers refuse a prefill
    /// that ends in white space.
    static func exact(_ text: Scalars) -> Cut {
        let end = text.trailingSpace
        return Cut(given: Scalars(text[..<end]), tail: Scalars(text[end...]))
    }
}
