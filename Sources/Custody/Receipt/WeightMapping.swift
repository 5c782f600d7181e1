/// The mapping of one file of weights in the engine.
package struct WeightMapping: Sendable, Hashable {
    package var file: String
    /// Bytes of the file that are mapped.
    package var mapped: UInt64
    /// Every tensor lies in pages that are the sealed ones: shared, and not
    /// to be written.
    package var isWhole: Bool
    /// The mappings of the file, with their addresses in the engine and their offsets in the file.
    package var ranges: [MemoryMapping]

    package init(file: String, mapped: UInt64, isWhole: Bool, ranges: [MemoryMapping]) {
        self.file = file
        self.mapped = mapped
        self.isWhole = isWhole
        self.ranges = ranges
    }

    /// - Parameter mappings: all of the engine's.
    static func all(_ weights: borrowing SealedWeights, in mappings: [MemoryMapping]) -> [WeightMapping] {
        weights.files.map { file in
            let ranges = mappings.filter { $0.shows(file.memory) }.sorted { $0.offset < $1.offset }
            // A private mapping may have been written to, and then is a copy.
            let sound = ranges.filter { $0.isShared && !$0.isWritable }
            return WeightMapping(
                file: file.name, mapped: ranges.reduce(0) { $0 + $1.size },
                isWhole: sound.count == ranges.count && Self.cover(sound, file.tensors), ranges: ranges)
        }
    }

    private static func cover(_ mappings: [MemoryMapping], _ tensors: Range<UInt64>) -> Bool {
        var reached = tensors.lowerBound
        for mapping in mappings where mapping.offset <= reached {
            reached = max(reached, mapping.offset + mapping.size)
        }
        return reached >= tensors.upperBound
    }
}
