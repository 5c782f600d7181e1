import Encodings

/// A check of the numbers that a GGUF file states about its model: engines size their tables by these numbers, and
/// divide by some of them.
struct GGUFModel {
    let architecture: String?
    let purpose: WeightFile.Purpose
    private let metadata: GGUFMetadata
    private let tensors: [GGUFTensorInfo]
    /// True if all metadata must be present; the later files of a split have none.
    private let isFirst: Bool
    /// True if all tensors must be present.
    private let isWhole: Bool

    init(_ metadata: GGUFMetadata, tensors: [GGUFTensorInfo], split: WeightSplit?) throws(FormatProblem) {
        (self.metadata, self.tensors) = (metadata, tensors)
        isFirst = split.map { $0.number == 0 } ?? true
        isWhole = split.map { $0.count == 1 } ?? true
        architecture = try metadata.text("general.architecture")
        switch (architecture, try metadata.text("general.type")) {
        case ("clip", _), (_, "mmproj"): purpose = .projector
        case ("controlvector", _), (_, "adapter"): purpose = .adapter
        case (_, nil), (_, "model"): purpose = .model
        case (_, let type?): purpose = .other(type)
        }
    }

    func check() throws(FormatProblem) {
        guard let architecture else {
            if isFirst { throw .malformed("the file has no \"general.architecture\"", at: nil) }
            return
        }
        guard architecture.utf8.count <= 64, architecture.utf8.allSatisfy(Self.isOfNames) else {
            throw .malformed(
                "the architecture \(Printable.quoted(architecture)) is no name of small letters, digits, - and _",
                at: metadata.entry("general.architecture")?.offset)
        }
        let layers = try number("block_count", in: 1...WeightLimits.layers, isNeeded: true)
        _ = try number("context_length", in: 1...1 << 27, isNeeded: true)
        let embedding = try number("embedding_length", in: 1...1 << 20, isNeeded: true)
        for name in ["attention.key_length", "attention.value_length"] {
            _ = try number(name, in: 1...65_536, isNeeded: false)
        }
        guard let layers else { return }
        try GGUFHeads(metadata, architecture: architecture, layers: layers).check(embedding: embedding)
        try GGUFExperts(metadata, architecture: architecture, layers: layers).check()
        if purpose == .model {
            try GGUFBlocks(metadata, architecture: architecture, layers: layers).check(tensors, isWhole: isWhole)
        }
    }

    /// - Parameter vocabulary: the number of tokens in the tokenizer's vocabulary.
    func check(vocabulary: UInt64?) throws(FormatProblem) {
        guard let vocabulary else {
            guard purpose == .model, isFirst else { return }
            if let model = try metadata.text("tokenizer.ggml.model"), ["none", "no_vocab"].contains(model) { return }
            throw .malformed("the model has no vocabulary (\"tokenizer.ggml.tokens\")", at: nil)
        }
        let key = "\(architecture ?? "").vocab_size"
        if let size = try metadata.number(key), size != vocabulary {
            throw .malformed(
                "\"\(key)\" is \(size), and the vocabulary has \(vocabulary) tokens", at: metadata.entry(key)?.offset)
        }
        // Tokens are looked up in its rows.
        if let embeddings = tensors.first(where: { $0.name == "token_embd.weight" }) {
            guard embeddings.shape.count == 2, embeddings.shape[1] == vocabulary else {
                throw .malformed(
                    "\"token_embd.weight\" is \(Amount.shape(embeddings.shape)), and the vocabulary has "
                        + "\(vocabulary) tokens", at: embeddings.place)
            }
        }
    }

    private func number(
        _ name: String, in range: ClosedRange<UInt64>, isNeeded: Bool
    ) throws(FormatProblem) -> UInt64? {
        let key = "\(architecture!).\(name)"
        if let number = try metadata.number(key, in: range) { return number }
        if isNeeded, purpose == .model, isFirst { throw .malformed("the model has no \"\(key)\"", at: nil) }
        return nil
    }

    private static func isOfNames(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
