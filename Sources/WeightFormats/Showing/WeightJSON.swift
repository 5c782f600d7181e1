/// A file of weights for programs. Everything that ``WeightFile`` has, but of
/// long arrays the beginning only.
package enum WeightJSON {
    package static func render(_ file: WeightFile) -> String {
        var members: [(String, JSONText)] = []
        switch file.format {
        case .gguf(let version): members += [("format", .string("gguf")), ("version", .count(UInt64(version)))]
        case .safetensors: members.append(("format", .string("safetensors")))
        }
        members += [
            ("purpose", .string(purpose(file.purpose))), ("name", .orNull(file.name)),
            ("architecture", .orNull(file.architecture)), ("size", .count(file.size)),
            ("data_offset", .count(file.dataOffset)), ("alignment", .orNull(file.alignment)),
            ("parameters", .count(file.parameters)),
            ("types", .object(file.types.map { ($0.type, .count($0.count)) })),
            ("context_length", .orNull(file.contextLength)), ("layers", .orNull(file.layers)),
            ("vocabulary", .orNull(file.vocabulary)),
            (
                "chat_templates",
                .array(
                    file.chatTemplates.map {
                        .object([
                            ("name", .orNull($0.name)), ("bytes", .count($0.bytes.count)), ("text", .string($0.text)),
                        ])
                    })
            ),
            (
                "split",
                file.split.map {
                    .object([
                        ("number", .count($0.number)), ("count", .count($0.count)), ("tensors", .count($0.tensors)),
                    ])
                } ?? .null
            ),
            ("metadata", .array(file.metadata.map(entry))), ("tensors", .array(file.tensors.map(tensor))),
        ]
        return JSONText.object(members).text
    }

    private static func purpose(_ purpose: WeightFile.Purpose) -> String {
        switch purpose {
        case .model: "model"
        case .adapter: "adapter"
        case .projector: "projector"
        case .other(let type): type
        }
    }

    private static func entry(_ entry: WeightMetadata) -> JSONText {
        var members: [(String, JSONText)] = [("key", .string(entry.key)), ("type", .string(entry.value.typeName))]
        if case .array(let array) = entry.value { members.append(("count", .count(array.count))) }
        members.append(("value", value(entry.value)))
        return .object(members)
    }

    private static func value(_ value: WeightValue) -> JSONText {
        switch value {
        case .unsigned(let number, _): .count(number)
        case .signed(let number, _): .number("\(number)")
        case .float32(let number): .float(number)
        case .float64(let number): .float(number)
        case .bool(let truth): .bool(truth)
        case .string(let text): .string(text)
        case .array(let array): .row(array.elements.map(self.value))
        }
    }

    private static func tensor(_ tensor: WeightTensor) -> JSONText {
        .object([
            ("name", .string(tensor.name)), ("type", .string(tensor.type)),
            ("shape", .row(tensor.shape.map { .count($0) })),
            ("offset", .count(tensor.offset)), ("size", .count(tensor.size)),
        ])
    }
}
