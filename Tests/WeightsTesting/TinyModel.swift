/// The smallest GGUF file that is a model: one tensor, as long as one likes.
package struct TinyModel: Sendable {
    package var tensorRows: UInt64 = 4
    package var fill: UInt8 = 0xAB
    package var template: String?
    /// `split.no` and `split.count`, with the tensors of all parts.
    package var split: (number: UInt16, count: UInt16, tensors: Int32)?
    package var tensor = "blk.0.ffn_up.weight"

    package init(
        tensorRows: UInt64 = 4, fill: UInt8 = 0xAB, template: String? = nil,
        split: (number: UInt16, count: UInt16, tensors: Int32)? = nil, tensor: String = "blk.0.ffn_up.weight"
    ) {
        self.tensorRows = tensorRows
        self.fill = fill
        self.template = template
        self.split = split
        self.tensor = tensor
    }

    package var bytes: [UInt8] {
        var keys: [[UInt8]] = [
            text("general.architecture", "llama"), number("llama.block_count", 1),
            number("llama.context_length", 128), number("llama.embedding_length", 32),
            number("llama.feed_forward_length", 64), number("llama.attention.head_count", 4),
            number("general.alignment", 128), text("tokenizer.ggml.model", "no_vocab"),
        ]
        if let template { keys.append(text("tokenizer.chat_template", template)) }
        if let split {
            if split.number > 0 { keys = [number("general.alignment", 128)] }
            keys.append(counted("split.no") + little(UInt32(2)) + little(split.number))
            keys.append(counted("split.count") + little(UInt32(2)) + little(split.count))
            keys.append(counted("split.tensors.count") + little(UInt32(5)) + little(UInt32(bitPattern: split.tensors)))
        }
        var bytes = Array("GGUF".utf8) + little(UInt32(3)) + little(UInt64(1)) + little(UInt64(keys.count))
        bytes += keys.joined()
        // F32, 32 to a row, at offset 0.
        bytes += counted(tensor) + little(UInt32(2)) + little(UInt64(32)) + little(tensorRows)
        bytes += little(UInt32(0)) + little(UInt64(0))
        bytes += [UInt8](repeating: 0, count: (128 - bytes.count % 128) % 128)
        return bytes + [UInt8](repeating: fill, count: Int(tensorRows) * 128)
    }

    private func text(_ key: String, _ value: String) -> [UInt8] {
        counted(key) + little(UInt32(8)) + counted(value)
    }

    private func number(_ key: String, _ value: UInt32) -> [UInt8] {
        counted(key) + little(UInt32(4)) + little(value)
    }

    private func counted(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + Array(text.utf8) }

    private func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
}
