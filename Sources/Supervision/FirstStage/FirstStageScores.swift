/// The scores of a text, one for each head, and the text's length: a request's
/// are those of its passages together.
package struct FirstStageScores: Sendable, Hashable {
    /// The order of the heads in tables: that of ``Head/allCases``.
    package static func index(of head: Head) -> Int {
        switch head {
        case .attack: 0
        case .injection: 1
        case .harm: 2
        case .output: 3
        }
    }

    /// The highest sums of each head: whole numbers in a measure of the head's
    /// own, of use only beside its thresholds.
    package var peaks: SIMD4<Int32>
    /// In words of three letters and more.
    package var length: Int

    package init(peaks: SIMD4<Int32> = SIMD4(repeating: .min), length: Int = 0) {
        self.peaks = peaks
        self.length = length
    }

    package subscript(head: Head) -> Int32 { peaks[Self.index(of: head)] }

    /// Adds another text: the higher score counts, and the lengths add up.
    package mutating func add(_ other: Self) {
        peaks = pointwiseMax(peaks, other.peaks)
        length += other.length
    }

    /// Adds another view of the same text: the higher score counts.
    package mutating func add(view other: Self) {
        peaks = pointwiseMax(peaks, other.peaks)
        length = max(length, other.length)
    }
}
