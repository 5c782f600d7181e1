extension WeightSplit {
    /// Creates the split's description from the metadata; nil if the file is not part of a split.
    ///
    /// - Throws: ``FormatProblem`` if some of the keys are missing or they contradict each other.
    init?(_ metadata: GGUFMetadata) throws(FormatProblem) {
        guard let first = metadata.entries.first(where: { $0.key.hasPrefix("split.") }) else { return nil }
        guard let number = try metadata.number("split.no", as: "u16"),
            let count = try metadata.number("split.count", as: "u16", in: 1...WeightLimits.splits),
            let tensors = try metadata.number(
                "split.tensors.count", as: "i32",
                in: 1...WeightLimits.splits * WeightLimits.tensors)
        else {
            throw .malformed(
                "of \"split.no\", \"split.count\" and \"split.tensors.count\" only some are there", at: first.offset)
        }
        guard number < count else {
            throw .malformed(
                "\"split.no\" is \(number), the first being 0, with \(count) files",
                at: metadata.entry("split.no")?.offset)
        }
        self.init(number: number, count: count, tensors: tensors)
    }

    /// - Parameter tensors: that this one file has.
    func check(tensors here: UInt64) throws(FormatProblem) {
        guard count == 1 ? here == tensors : here <= tensors else {
            throw .malformed(
                "the file has \(here) tensors, and \"split.tensors.count\" says that all \(count) files "
                    + "together have \(tensors)", at: 8)
        }
    }
}
