import Encodings

/// A file of weights for people: what it is, then what it says, then its
/// tensors.
package enum WeightText {
    package static func render(_ file: WeightFile) -> String {
        var parts = [
            Table(rows: [[title(file)]]).text, Table(rows: facts(file).map { [$0.0, $0.1] }, indent: 2).text,
        ]
        if !file.metadata.isEmpty {
            let rows = file.metadata.map { [Printable.text($0.key, most: 60), $0.value.typeName, shown($0.value)] }
            parts.append("Metadata\n" + Table(rows: rows, indent: 2).text)
        }
        if !file.tensors.isEmpty { parts.append("Tensors\n" + TensorTable(file.tensors).text(indent: 2)) }
        return parts.joined(separator: "\n\n")
    }

    private static func title(_ file: WeightFile) -> String {
        let format =
            switch file.format {
            case .gguf(let version): "GGUF v\(version)"
            case .safetensors: "safetensors"
            }
        let what =
            switch file.purpose {
            case .model: ""
            case .adapter: ", an adapter"
            case .projector: ", a projector"
            case .other(let type): ", \(Printable.text(type, most: 40))"
            }
        let name = file.name.map { Printable.text($0, most: 80) + " — " } ?? ""
        return "\(name)\(format)\(what), \(Amount.bytes(file.size))"
    }

    private static func facts(_ file: WeightFile) -> [(String, String)] {
        var facts: [(String, String)] = []
        func fact(_ name: String, _ value: String?) { if let value { facts.append((name, value)) } }

        fact("architecture", file.architecture)
        let parameters = file.parameters
        fact("parameters", Amount.short(parameters) + (parameters < 1000 ? "" : " (\(Amount.grouped(parameters)))"))
        let mix = file.types.map { "\($0.type) \(Amount.grouped(UInt64($0.count)))" }.joined(separator: ", ")
        fact("weights", file.tensors.isEmpty ? "no tensors" : "\(mix) tensor\(file.tensors.count == 1 ? "" : "s")")
        fact("context", file.contextLength.map { "\(Amount.grouped($0)) tokens" })
        fact("layers", file.layers.map(Amount.grouped))
        fact("embedding", file.embeddingLength.map(Amount.grouped))
        fact("heads", file.heads.map { $0 + (file.headsOfKeysAndValues.map { ", \($0) for keys and values" } ?? "") })
        if let experts = file.experts, experts > 0 {
            fact("experts", Amount.grouped(experts) + (file.expertsUsed.map { ", \($0) for each token" } ?? ""))
        }
        fact("vocabulary", file.vocabulary.map { "\(Amount.grouped($0)) tokens" })
        for template in file.chatTemplates {
            let name = template.name.map { " (\(Printable.text($0, most: 30)))" } ?? ""
            fact("chat template\(name)", Amount.exactly(template.bytes.count))
        }
        if case .gguf = file.format, file.purpose == .model, file.chatTemplates.isEmpty, file.split?.number ?? 0 == 0 {
            fact("chat template", "none")
        }
        if let split = file.split, split.count > 1 {
            fact("split", "file \(split.number + 1) of \(split.count), \(Amount.grouped(split.tensors)) tensors in all")
        }
        fact("file", layout(file))
        return facts
    }

    private static func layout(_ file: WeightFile) -> String {
        let aligned = file.alignment.map { ", aligned to \(Amount.grouped($0))" } ?? ""
        return "\(Amount.exactly(file.size)), the tensors' data from \(Amount.grouped(file.dataOffset)) on\(aligned)"
    }

    /// On one line.
    private static func shown(_ value: WeightValue) -> String {
        switch value {
        case .unsigned(let number, _): "\(number)"
        case .signed(let number, _): "\(number)"
        case .float32(let number): "\(number)"
        case .float64(let number): "\(number)"
        case .bool(let truth): "\(truth)"
        case .string(let text): Printable.text(text, most: 60)
        case .array(let array):
            Amount.grouped(array.count) + (array.count == 1 ? " element: " : " elements: ")
                + array.elements.prefix(5).map { Printable.text(shown($0), most: 16) }.joined(separator: ", ")
                + (array.count > 5 ? ", …" : "")
        }
    }
}
