import Encodings

/// Reads a GGUF file from its first byte to its last, in the order in which
/// an engine does, and is content with less.
struct GGUFReader {
    private let bytes: any WeightBytes

    init(_ bytes: any WeightBytes) { self.bytes = bytes }

    func file() throws(FormatProblem) -> WeightFile {
        var cursor = ByteCursor(bytes, end: WeightLimits.ggufHeader)
        let header = try GGUFHeader(&cursor)
        let metadata = try GGUFMetadata(&cursor, count: header.keys)
        let split = try WeightSplit(metadata)
        let alignment = try Self.alignment(metadata)
        let infos = try Self.infos(&cursor, count: header.tensors)
        try split?.check(tensors: header.tensors)
        guard header.tensors > 0 || split.map({ $0.count > 1 && $0.number == 0 }) ?? false else {
            throw .malformed("the file has no tensors", at: 8)
        }
        let layout = try GGUFLayout(infos, headerEnd: cursor.offset, alignment: alignment, in: bytes)

        let model = try GGUFModel(metadata, tensors: infos, split: split)
        try model.check()
        let vocabulary = try GGUFVocabulary(metadata, in: bytes)?.checked()
        try model.check(vocabulary: vocabulary)
        return WeightFile(
            format: .gguf(version: header.version), purpose: model.purpose, architecture: model.architecture,
            metadata: metadata.entries, tensors: layout.tensors, vocabulary: vocabulary,
            chatTemplates: try Self.chatTemplates(metadata), split: split, alignment: alignment,
            dataOffset: layout.dataOffset, size: bytes.size)
    }

    private static func alignment(_ metadata: GGUFMetadata) throws(FormatProblem) -> UInt64 {
        let key = "general.alignment"
        let alignment = try metadata.number(key, in: WeightLimits.alignment) ?? 32
        guard alignment.nonzeroBitCount == 1 else {
            throw .malformed("the alignment is \(alignment), no power of two", at: metadata.entry(key)?.offset)
        }
        return alignment
    }

    private static func infos(_ cursor: inout ByteCursor, count: UInt64) throws(FormatProblem) -> [GGUFTensorInfo] {
        var infos: [GGUFTensorInfo] = []
        var names: Set<String> = []
        for _ in 0..<count {
            let info = try GGUFTensorInfo(&cursor)
            guard names.insert(info.name).inserted else {
                throw .malformed("the tensor \(Printable.quoted(info.name)) is there twice", at: info.place)
            }
            infos.append(info)
        }
        return infos
    }

    private static func chatTemplates(_ metadata: GGUFMetadata) throws(FormatProblem) -> [ChatTemplate] {
        let key = "tokenizer.chat_template"
        var templates: [ChatTemplate] = []
        if let text = try metadata.text(key) { templates.append(ChatTemplate(name: nil, text: text)) }
        for entry in metadata.entries where entry.key.hasPrefix(key + ".") {
            guard let text = try metadata.text(entry.key) else { continue }
            templates.append(ChatTemplate(name: String(entry.key.dropFirst(key.count + 1)), text: text))
        }
        return templates
    }
}
