extension GGUFContainerTests {
    /// Files that made older versions of llama.cpp write outside their memory, before the defect was fixed.
    static let known: [HostileFile] = [
        .gguf("CVE-2024-23605: n_kv", says: "keys; the most is") { $0.keyCount = 0x1555_5555_5555_5556 },
        .gguf("CVE-2024-21836: n_tensors", says: "tensors; the most is") { $0.tensorCount = 0x0999_9999_9999_999A },
        .gguf("CVE-2024-23496: a string of 2^64 - 1", says: "is said to have 18446744073709551615 bytes") {
            $0["x"] = .raw(8, GGUFWriter.little(UInt64.max))
        },
        .gguf("CVE-2024-21825: an array of 2^61 numbers", says: "more than there is room for") {
            $0["x"] = GGUFWriter.array(10, count: 1 << 61, [1, 2, 3, 4, 5, 6, 7, 8])
        },
        .gguf("CVE-2024-21825: an array of 2^60 strings", says: "more than there is room for") {
            $0["x"] = GGUFWriter.array(8, count: 1 << 60, GGUFWriter.counted([0x61]))
        },
        .gguf("CVE-2024-21802: dimensions past the fourth", says: "has 64 dimensions") {
            $0.tensors[3].shape = Array(repeating: 1, count: 64)
        },
        .gguf("CVE-2024-25668: an array of a type that there is not", says: "is of type 13") {
            $0["x"] = GGUFWriter.array(13, count: 1, [0])
        },
        .gguf("CVE-2025-53630: sizes that overflow together", says: "before the tensor") {
            $0.tensors = (0..<5).map { .init("t\($0)", [1 << 53], type: 24, size: 0) }
        },
        .gguf("CVE-2026-33298: a shape that wraps round to little", says: "more elements than can be counted") {
            $0.tensors[1].shape = [1 << 32, 1 << 32, 1 << 32, 4]
        },
        .gguf("a dimension that is divided by", says: "has a dimension of 0") { $0.tensors[1].shape = [32, 0, 32] },
        .gguf("an alignment that is divided by", says: "is 0, not from 8") { $0["general.alignment"] = .u32(0) },
    ]

    static let counts: [HostileFile] = [
        .gguf("version 1", says: "version 1") { $0.version = 1 },
        .gguf("version 2", says: "version 2") { $0.version = 2 },
        .gguf("version 0", says: "version 0") { $0.version = 0 },
        .gguf("version 4", says: "version 4") { $0.version = 4 },
        .gguf("big-endian", says: "big-endian") { $0.version = 0x0300_0000 },
        .gguf("fewer keys than are there", says: "(at byte") { $0.keyCount = 3 },
        .gguf("more keys than are there", says: "(at byte") { $0.keyCount = 18 },
        .gguf("fewer tensors than are there", says: "padding behind the header is not zeros") { $0.tensorCount = 3 },
        .gguf("more tensors than are there", says: "(at byte") { $0.tensorCount = 5 },
        .gguf("a negative number of tensors", says: "tensors; the most is") { $0.tensorCount = UInt64(bitPattern: -1) },
        .gguf("no tensors", says: "has no tensors") { $0.tensors = [] },
        .gguf("nothing at all", says: "has no tensors") { $0 = GGUFWriter() },
    ]

    static let texts: [HostileFile] = [
        .gguf("an empty key", says: "not plain ASCII") { $0.add("", .u8(1)) },
        .gguf("a key twice", says: "is there twice") { $0.add("general.name", .string("Other")) },
        .gguf("a key of 256 bytes", says: "the most is 255") { $0.add(String(repeating: "k", count: 256), .u8(1)) },
        .gguf("a zero in a key", says: "not plain ASCII") { $0.add("general\0.name", .u8(1)) },
        .gguf("a space in a key", says: "not plain ASCII") { $0.add("general.name ", .u8(1)) },
        .gguf("a key in Cyrillic letters", says: "not plain ASCII") { $0.add("gеneral.name", .u8(1)) },
        .gguf("a key that is not UTF-8", says: "is not UTF-8") { $0.entries.append(([0x61, 0xFF], .u8(1))) },
        .gguf("a value that is not UTF-8", says: "is not UTF-8") { $0["x"] = .text([0xC0, 0x80]) },
        .gguf("half a surrogate", says: "is not UTF-8") { $0["x"] = .text([0xED, 0xA0, 0x80]) },
        .gguf("a zero in a value", says: "has a zero byte in it") { $0["x"] = .string("llama\0evil") },
        .gguf("a string of an array that is not UTF-8", says: "is not UTF-8") { $0["x"] = .strings([[0xFF]]) },
        .gguf("such a string far back in it", says: "is not UTF-8") {
            $0["x"] = .strings(Array(repeating: [0x61], count: 500) + [[0xFF]])
        },
        .gguf("a string of an array past the end", says: "the most is") {
            $0["x"] = GGUFWriter.array(8, count: 2, GGUFWriter.counted([0x61]) + GGUFWriter.little(UInt64.max - 7))
        },
        .gguf("a name twice", says: "is there twice") { $0.tensors[2].name = $0.tensors[1].name },
        .gguf("an empty name", says: "not plain ASCII") { $0.tensors[3].name = [] },
        .gguf("a name of 64 bytes", says: "the most is 63") { $0.tensors[3].name = Array(repeating: 0x61, count: 64) },
        .gguf("a zero in a name", says: "not plain ASCII") { $0.tensors[3].name = Array("a\0b".utf8) },
        .gguf("a name that moves the cursor", says: #"\u{1b}[2J"#) { $0.tensors[3].name = Array("\u{1B}[2J".utf8) },
        .gguf("a name that is not UTF-8", says: "is not UTF-8") { $0.tensors[3].name = [0x80] },
    ]

    static let values: [HostileFile] = [
        .gguf("a value of type 13", says: "is of type 13") { $0["x"] = .raw(13, []) },
        .gguf("a value of a negative type", says: "is of type 4294967295") { $0["x"] = .raw(.max, []) },
        .gguf("a bool that is neither", says: "neither true (1) nor false (0) but 2") { $0["x"] = .bool(2) },
        .gguf("such a bool in an array", says: "neither true") {
            $0["x"] = GGUFWriter.array(7, count: 3, [0, 1, 255])
        },
        .gguf("such a bool far back in it", says: "neither true") {
            $0["x"] = GGUFWriter.array(7, count: 1000, Array(repeating: 1, count: 999) + [9])
        },
        .gguf("an array of arrays", says: "an array of arrays") {
            $0["x"] = GGUFWriter.array(9, count: 1, GGUFWriter.little(0 as UInt32) + GGUFWriter.little(0 as UInt64))
        },
        .gguf("an array past the end", says: "more than there is room for") {
            $0["x"] = GGUFWriter.array(0, count: 1 << 40, [])
        },
        .gguf("an alignment of the wrong type", says: "is of type u64, not u32") { $0["general.alignment"] = .u64(32) },
        .gguf("an alignment that is text", says: "is of type string, not u32") {
            $0["general.alignment"] = .string("32")
        },
        .gguf("an alignment that is no power of two", says: "no power of two") {
            $0["general.alignment"] = .u32(48)
            $0.alignment = 48
        },
        .gguf("an alignment of 4", says: "not from 8 to 65536") { $0["general.alignment"] = .u32(4) },
        .gguf("an alignment of 2^31", says: "not from 8 to 65536") { $0["general.alignment"] = .u32(1 << 31) },
    ]

    static let tensors: [HostileFile] =
        [4, 5, 31, 32, 33, 36, 37, 38].map { number in
            .gguf("the removed type \(number)", says: "no longer reads") { $0.tensors[3].type = number }
        }
        + [9, 15].map { number in
            .gguf("the transient type \(number)", says: "which no weights are") { $0.tensors[3].type = number }
        }
        + [43, 99, 0x7FFF_FFFF, 0x8000_0000, UInt32.max].map { number in
            .gguf("type \(number)", says: "is of type \(number), which there is not") { $0.tensors[3].type = number }
        } + [
            .gguf("no dimensions", says: "has 0 dimensions") { $0.tensors[3].shape = [] },
            .gguf("five dimensions", says: "has 5 dimensions") { $0.tensors[3].shape = [3, 1, 1, 1, 1] },
            .gguf("2^32 - 1 dimensions", says: "has 4294967295 dimensions") { $0.tensors[3].dimensions = .max },
            .gguf("a negative dimension", says: "has a dimension of -1") { $0.tensors[3].shape = [.max] },
            .gguf("a dimension of -2^63", says: "has a dimension of -9223372036854775808") {
                $0.tensors[3].shape = [1 << 63]
            },
            .gguf("elements past 2^63", says: "more elements than can be counted") {
                $0.tensors[3].shape = [1 << 62, 2]
            },
            .gguf("bytes past 2^64", says: "larger than any file") { $0.tensors[3].shape = [1 << 62] },
            .gguf("more bytes than there are", says: "before the tensor") { $0.tensors[3].shape = [1 << 40] },
            .gguf("half a block", says: "don't divide") { $0.tensors[0].shape = [16, 10] },
        ]

    static let places: [HostileFile] = [
        .gguf("an offset that is not aligned", says: "no multiple of 32") { $0.tensors[1].offset = 193 },
        .gguf("a tensor over another", says: "within the data before it") { $0.tensors[1].offset = 0 },
        .gguf("a tensor half over another", says: "within the data before it") { $0.tensors[1].offset = 160 },
        .gguf("a hole", says: "leaves a hole") { $0.tensors[1].offset = 224 },
        .gguf("a hole before the first", says: "leaves a hole behind the header") { $0.tensors[0].offset = 32 },
        .gguf("tensors the other way round", says: "leaves a hole") {
            $0.tensors[1].offset = 192 + 4096
            $0.tensors[2].offset = 192
        },
        .gguf("an offset of 2^64 - 32", says: "leaves a hole") { $0.tensors[3].offset = UInt64.max - 31 },
        .gguf("padding that says something", says: "is not zeros") { $0.padding = 1 },
        .gguf("a byte behind the end", says: "must end, come 21 bytes (") { $0.tail = [0] },
        .gguf("a whole block behind the end", says: "must end, come ") { $0.tail = Array(repeating: 0, count: 32) },
        .gguf("a ZIP behind the end", says: "must end, come ") { $0.tail = ZIPArchive.small },
        .gguf("a ZIP in the place of the last padding", says: "must end, come ") {
            $0.padsTheEnd = false
            $0.tail = ZIPArchive.small
        },
    ]
}
