/// A writer of GGUF files, which are valid unless a test changes them.
struct GGUFWriter: Sendable {
    enum Value: Sendable {
        case u8(UInt8), u16(UInt16), u32(UInt32), i32(Int32), u64(UInt64), f32(Float), f64(Double), bool(UInt8)
        case string(String), text([UInt8])
        case strings([[UInt8]]), i32s([Int32]), u32s([UInt32]), f32s([Float])
        /// A type's number, and what stands behind it.
        case raw(UInt32, [UInt8])
    }

    struct Tensor: Sendable {
        var name: [UInt8]
        var shape: [UInt64]
        var type: UInt32
        var size: Int
        var offset: UInt64?
        var dimensions: UInt32?

        init(_ name: String, _ shape: [UInt64], type: UInt32 = 0, size: Int? = nil) {
            self.name = Array(name.utf8)
            (self.shape, self.type) = (shape, type)
            self.size = size ?? Int(shape.reduce(1, *)) * 4
        }
    }

    var magic = Array("GGUF".utf8)
    var version: UInt32 = 3
    var keyCount: UInt64?
    var tensorCount: UInt64?
    var entries: [(key: [UInt8], value: Value)] = []
    var tensors: [Tensor] = []
    var alignment = 32
    var padding: UInt8 = 0
    var fill: UInt8 = 0xAB
    var padsTheEnd = true
    var tail: [UInt8] = []

    /// Two layers, five tokens.
    static let model: GGUFWriter = {
        var writer = GGUFWriter()
        writer["general.architecture"] = .string("llama")
        writer["general.name"] = .string("Tiny")
        writer["llama.block_count"] = .u32(2)
        writer["llama.context_length"] = .u32(128)
        writer["llama.embedding_length"] = .u32(32)
        writer["llama.feed_forward_length"] = .u32(64)
        writer["llama.attention.head_count"] = .u32(4)
        writer["llama.attention.head_count_kv"] = .u32(2)
        writer["llama.vocab_size"] = .u32(5)
        writer["tokenizer.ggml.model"] = .string("llama")
        writer["tokenizer.ggml.tokens"] = .strings(["<unk>", "<s>", "</s>", "<0x0A>", "é"].map { Array($0.utf8) })
        writer["tokenizer.ggml.scores"] = .f32s([0, 0, 0, 0, -1])
        writer["tokenizer.ggml.token_type"] = .i32s([2, 3, 3, 6, 1])
        writer["tokenizer.ggml.bos_token_id"] = .u32(1)
        writer["tokenizer.ggml.eos_token_id"] = .u32(2)
        writer["tokenizer.ggml.add_bos_token"] = .bool(1)
        writer["tokenizer.chat_template"] = .string("{{ messages }}\n")
        writer.tensors = [
            // Q8_0: 5 blocks of 34 bytes, so that padding follows.
            Tensor("token_embd.weight", [32, 5], type: 8, size: 170),
            Tensor("blk.0.attn_q.weight", [32, 32]),
            Tensor("blk.1.attn_q.weight", [32, 32]),
            Tensor("output_norm.weight", [3]),
        ]
        return writer
    }()

    subscript(_ key: String) -> Value? {
        get { entries.first { $0.key == Array(key.utf8) }?.value }
        set {
            let place = entries.firstIndex { $0.key == Array(key.utf8) }
            switch (place, newValue) {
            case (let place?, let value?): entries[place].value = value
            case (let place?, nil): entries.remove(at: place)
            case (nil, let value?): entries.append((Array(key.utf8), value))
            case (nil, nil): break
            }
        }
    }

    mutating func add(_ key: String, _ value: Value) { entries.append((Array(key.utf8), value)) }

    /// Everything before the tensors' data, without the padding.
    var header: [UInt8] {
        var bytes = magic + Self.little(version)
        bytes += Self.little(tensorCount ?? UInt64(tensors.count)) + Self.little(keyCount ?? UInt64(entries.count))
        for (key, value) in entries { bytes += Self.counted(key) + Self.encode(value) }
        var offset: UInt64 = 0
        for tensor in tensors {
            bytes += Self.counted(tensor.name) + Self.little(tensor.dimensions ?? UInt32(tensor.shape.count))
            for length in tensor.shape { bytes += Self.little(length) }
            bytes += Self.little(tensor.type) + Self.little(tensor.offset ?? offset)
            offset += UInt64((tensor.size + alignment - 1) / alignment * alignment)
        }
        return bytes
    }

    var bytes: [UInt8] {
        var bytes = header
        for tensor in tensors {
            pad(&bytes)
            bytes += [UInt8](repeating: fill, count: tensor.size)
        }
        if padsTheEnd { pad(&bytes) }
        return bytes + tail
    }

    private func pad(_ bytes: inout [UInt8]) {
        while bytes.count % alignment != 0 { bytes.append(padding) }
    }

    static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    static func counted(_ text: [UInt8]) -> [UInt8] { little(UInt64(text.count)) + text }

    static func array(_ type: UInt32, count: UInt64, _ elements: [UInt8]) -> Value {
        .raw(9, little(type) + little(count) + elements)
    }

    private static func encode(_ value: Value) -> [UInt8] {
        switch value {
        case .u8(let number): little(0 as UInt32) + [number]
        case .u16(let number): little(2 as UInt32) + little(number)
        case .u32(let number): little(4 as UInt32) + little(number)
        case .i32(let number): little(5 as UInt32) + little(number)
        case .f32(let number): little(6 as UInt32) + little(number.bitPattern)
        case .bool(let byte): little(7 as UInt32) + [byte]
        case .string(let text): little(8 as UInt32) + counted(Array(text.utf8))
        case .text(let bytes): little(8 as UInt32) + counted(bytes)
        case .u64(let number): little(10 as UInt32) + little(number)
        case .f64(let number): little(12 as UInt32) + little(number.bitPattern)
        case .strings(let texts): encode(array(8, count: UInt64(texts.count), texts.flatMap(counted)))
        case .i32s(let numbers): encode(array(5, count: UInt64(numbers.count), numbers.flatMap(little)))
        case .u32s(let numbers): encode(array(4, count: UInt64(numbers.count), numbers.flatMap(little)))
        case .f32s(let numbers):
            encode(array(6, count: UInt64(numbers.count), numbers.flatMap { little($0.bitPattern) }))
        case .raw(let type, let bytes): little(type) + bytes
        }
    }
}
