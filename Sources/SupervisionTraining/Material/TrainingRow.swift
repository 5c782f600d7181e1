/// One row of the training data.
package struct TrainingRow: Sendable, Hashable {
    /// The file that it stands in.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case attack, injection, harm, benign, output
    }

    package var kind: Kind
    package var text: String
    package var source: String
    package var category: String?
    /// Read to be summarised or searched, and not asked.
    package var isDocument: Bool
    /// An instruction to a model, of a program or a template: harmless, and near to orders.
    package var isInstruction: Bool
    /// 1: an answer that complied with harm.
    package var label: Int?
    package var isValidation: Bool

    package init(
        _ kind: Kind, text: String, source: String, category: String? = nil, label: Int? = nil, traits: Traits = []
    ) {
        self.kind = kind
        self.text = text
        self.source = source
        self.category = category
        self.label = label
        isDocument = traits.contains(.document)
        isInstruction = traits.contains(.instruction)
        isValidation = traits.contains(.validation)
    }

    package struct Traits: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        package static let document = Traits(rawValue: 1)
        package static let validation = Traits(rawValue: 2)
        package static let instruction = Traits(rawValue: 4)
    }

    /// A number by which rows are put aside: the same for the same text.
    package var share: Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int((hash ^ hash >> 29) % 1000)
    }

    /// Kept back from training, for thresholds: one of eight, and of documents
    /// three of ten, since a session of an agent reads many.
    package var isKeptBack: Bool { share < (isDocument ? 300 : 125) }

    /// Puts rows into an order that doesn't depend on that of their files.
    package static func sorted(_ rows: [TrainingRow]) -> [TrainingRow] {
        rows.sorted { first, second in
            (first.kind.rawValue, first.source, first.text, first.label ?? 0, first.category ?? "")
                < (second.kind.rawValue, second.source, second.text, second.label ?? 0, second.category ?? "")
        }
    }
}
