/// The contents of a file of weights, as its checked header describes them.
///
/// A file of weights contains a model's tensors: large arrays of numbers, which make up most of the file. Before them
/// there is a header with the name, type, shape and offset of each tensor and, in GGUF, metadata such as the
/// architecture and the vocabulary.
///
/// A value of this type exists only for a file whose header was checked from the first byte to the last. The tensors'
/// data was not examined, apart from the padding.
package struct WeightFile: Sendable, Hashable {
    package enum Format: Sendable, Hashable {
        case gguf(version: UInt32)
        case safetensors
    }

    /// The purpose of the weights (GGUF, `general.type`).
    package enum Purpose: Sendable, Hashable {
        case model
        /// A LoRA or a control vector: of use with its model only.
        case adapter
        /// Turns pictures or sound into what a model reads (`mmproj`).
        case projector
        case other(String)
    }

    package var format: Format
    package var purpose: Purpose
    /// nil with safetensors, and in a split's later files.
    package var architecture: String?
    /// In the file's order.
    package var metadata: [WeightMetadata]
    /// In the order of their data.
    package var tensors: [WeightTensor]
    /// The number of tokens in the tokenizer's vocabulary; nil if the file has no tokenizer.
    package var vocabulary: UInt64?
    package var chatTemplates: [ChatTemplate]
    /// The file's place in a split, if the weights are spread over several files.
    package var split: WeightSplit?
    /// The alignment of the tensors' data; nil if the format defines none.
    package var alignment: UInt64?
    /// The offset at which the tensors' data starts.
    package var dataOffset: UInt64
    package var size: UInt64

    /// Elements of all tensors. They fit the file at a bit each or more, so
    /// their sum can't overflow.
    package var parameters: UInt64 { tensors.reduce(0) { $0 + $1.elements } }

    /// The one that a conversation uses where nothing else is asked for.
    package var chatTemplate: ChatTemplate? { chatTemplates.first { $0.name == nil } }

    package subscript(key key: String) -> WeightValue? { metadata.first { $0.key == key }?.value }
}

/// A chat template. Chat templates are programs that an engine runs over every conversation, so they are pinned by a
/// hash over the bytes that this value contains.
package struct ChatTemplate: Sendable, Hashable {
    /// nil is the one used by default.
    package var name: String?
    package var text: String

    /// Exactly as in the file.
    package var bytes: [UInt8] { Array(text.utf8) }
}

/// One of several files that only together are a model.
package struct WeightSplit: Sendable, Hashable {
    /// From 0; the first has the metadata.
    package var number: UInt64
    package var count: UInt64
    /// The number of tensors in all files of the split together.
    package var tensors: UInt64
}

package struct WeightTensor: Sendable, Hashable {
    package var name: String
    /// As the format calls it: `Q4_K`, `BF16`, `F8_E4M3`.
    package var type: String
    /// As in the file: GGUF names the dimension that varies fastest first,
    /// safetensors last.
    package var shape: [UInt64]
    package var elements: UInt64
    /// The offset of the tensor's data from the start of the file.
    package var offset: UInt64
    package var size: UInt64

    var end: UInt64 { offset + size }
}
