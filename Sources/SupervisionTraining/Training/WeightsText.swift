/// Weights as the text of a Swift file: one character each.
///
/// A literal of bytes of this size takes minutes to compile, a string a second.
package enum WeightsText {
    /// Returns the weight, or its neighbour where its character has a meaning
    /// of its own in a literal: the quotation mark and the backslash.
    package static func allowed(_ weight: Int8) -> Int8 {
        switch Int(weight) + 0x4F {
        case 0x22: weight + 1
        case 0x5C: weight - 1
        default: weight
        }
    }

    private static let lineLength = 1024

    /// Returns a file of Swift with a static string of the record.
    package static func file(named name: String, head: String, weights: [Int8]) -> String {
        var text = """
            // swift-format-ignore-file
            // Written by `holdfast-train first-stage`; see docs/supervision-measured.md.

            extension FirstStageRecord {
                /// The weights of the head `\(head)`, one character each.
                static let \(name): StaticString = \"\"\"

            """
        for start in stride(from: 0, to: weights.count, by: lineLength) {
            let line = weights[start..<min(start + lineLength, weights.count)]
            text += String(decoding: line.map { UInt8(clamping: Int($0) + 0x4F) }, as: UTF8.self) + "\\\n"
        }
        return text + "\n\"\"\"\n}\n"
    }
}
