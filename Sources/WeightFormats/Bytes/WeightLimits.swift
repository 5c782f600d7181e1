/// The most of everything. Each is far above what published models have and
/// low enough that a header can't use up memory or time: the largest that
/// passes is checked in seconds.
package enum WeightLimits {
    /// Far enough from overflow that sums of sizes need no check of their own.
    package static let file: UInt64 = 1 << 56
    /// The limit for a GGUF header: everything before the tensors' data. Most of it is the vocabulary, about 20 MB for
    /// 260,000 tokens.
    package static let ggufHeader: UInt64 = 256 << 20
    /// The limit for a safetensors header, which the format itself defines.
    package static let safetensorsHeader: UInt64 = 100_000_000
    package static let keys: UInt64 = 4096
    package static let keyLength = 255
    package static let tensors: UInt64 = 65_536
    package static let tokens: UInt64 = 1 << 21
    package static let tokenLength = 65_535
    /// The longest single text. It is large because whole tokenizers are stored as one text.
    package static let textLength = 64 << 20
    /// GGML_MAX_NAME is 64 and counts the zero behind the name.
    package static let ggufNameLength = 63
    package static let safetensorsNameLength = 512
    /// GGML_MAX_DIMS
    package static let ggufDimensions = 4
    package static let safetensorsDimensions = 32
    package static let alignment: ClosedRange<UInt64> = 8...65_536
    /// LLAMA_MAX_LAYERS
    package static let layers: UInt64 = 512
    package static let splits: UInt64 = 4096
    /// An array's elements that a description keeps: one for each layer.
    package static let keptNumbers = 512
    package static let keptTexts = 64
}
