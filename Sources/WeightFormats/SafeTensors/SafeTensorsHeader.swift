import Encodings

/// The contents of a safetensors header.
struct SafeTensorsHeader {
    struct Tensor {
        var name: String
        var type: String
        var shape: [UInt64]
        var elements: UInt64
        /// Within the tensors' data.
        var begin: UInt64
        var end: UInt64
        /// The offset of this description in the file.
        var place: UInt64
    }

    private(set) var tensors: [Tensor] = []
    private(set) var metadata: [WeightMetadata] = []

    /// - Parameter bytes: from byte 8 of the file to the data's start.
    init(_ bytes: [UInt8]) throws(FormatProblem) {
        var scanner = HeaderScanner(bytes, start: 8)
        guard bytes.first == UInt8(ascii: "{") else { throw scanner.problem("does not start with {") }
        var tensors: [Tensor] = []
        var metadata: [WeightMetadata] = []
        try scanner.object { (scanner, name) throws(FormatProblem) in
            if name == "__metadata__" {
                metadata = try Self.metadata(&scanner)
            } else {
                guard tensors.count < WeightLimits.tensors else {
                    throw scanner.problem("has more than \(WeightLimits.tensors) tensors")
                }
                tensors.append(try Self.tensor(name, &scanner))
            }
        }
        try scanner.end()
        guard !tensors.isEmpty else { throw .malformed("the file has no tensors", at: 8) }
        (self.tensors, self.metadata) = (tensors, metadata)
    }

    private static func metadata(_ scanner: inout HeaderScanner) throws(FormatProblem) -> [WeightMetadata] {
        var entries: [WeightMetadata] = []
        try scanner.object { (scanner, key) throws(FormatProblem) in
            let place = scanner.offset
            guard entries.count < WeightLimits.keys else {
                throw scanner.problem("has more than \(WeightLimits.keys) members in \"__metadata__\"")
            }
            entries.append(WeightMetadata(key: key, value: .string(try scanner.string()), offset: place))
        }
        return entries
    }

    private static func tensor(_ name: String, _ scanner: inout HeaderScanner) throws(FormatProblem) -> Tensor {
        let place = scanner.offset
        func problem(_ what: String) -> FormatProblem {
            .malformed("the tensor \(Printable.quoted(name)) \(what)", at: place)
        }
        guard (1...WeightLimits.safetensorsNameLength).contains(name.utf8.count),
            !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else { throw problem("has a name that is empty, too long or has control characters in it") }
        var type: String?
        var shape: [UInt64]?
        var offsets: [UInt64]?
        try scanner.object { (scanner, member) throws(FormatProblem) in
            switch member {
            case "dtype": type = try scanner.string()
            case "shape": shape = try scanner.numbers(most: WeightLimits.safetensorsDimensions)
            case "data_offsets": offsets = try scanner.numbers(most: 2)
            default: throw scanner.problem("says \(Printable.quoted(member)) of a tensor, which means nothing")
            }
        }
        guard let type, let shape, let offsets else { throw problem("lacks one of dtype, shape and data_offsets") }
        guard let bits = SafeTensorsType.bits[type] else {
            throw problem("is of type \(Printable.quoted(type)), which there is not")
        }
        guard offsets.count == 2, offsets[0] <= offsets[1] else { throw problem("does not end behind its start") }

        var elements: UInt64 = 1
        for length in shape {
            let (product, overflows) = elements.multipliedReportingOverflow(by: length)
            guard !overflows else { throw problem("has more elements than can be counted") }
            elements = product
        }
        let (all, overflows) = elements.multipliedReportingOverflow(by: bits)
        guard !overflows, all % 8 == 0 else {
            throw problem("has \(elements) elements of \(bits) bits, which don't make whole bytes")
        }
        guard all / 8 == offsets[1] - offsets[0] else {
            throw problem("needs \(all / 8) bytes and is said to have \(offsets[1] - offsets[0])")
        }
        return Tensor(
            name: name, type: type, shape: shape, elements: elements, begin: offsets[0], end: offsets[1], place: place)
    }
}
