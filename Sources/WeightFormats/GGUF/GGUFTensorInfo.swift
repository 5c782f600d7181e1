import Encodings

/// The description of one tensor in a GGUF header.
struct GGUFTensorInfo {
    let name: String
    let type: GGMLType
    let shape: [UInt64]
    let elements: UInt64
    let size: UInt64
    /// Within the tensors' data.
    let offset: UInt64
    /// The offset of this description in the file.
    let place: UInt64

    init(_ cursor: inout ByteCursor) throws(FormatProblem) {
        place = cursor.offset
        name = try cursor.text(most: WeightLimits.ggufNameLength, "a tensor's name")
        guard Printable.isPlain(name) else {
            throw .malformed("the tensor's name \(Printable.quoted(name)) is not plain ASCII without spaces", at: place)
        }
        let what = "the tensor \(Printable.quoted(name))"
        (shape, elements) = try Self.shape(&cursor, what)

        let typePlace = cursor.offset
        let number = try cursor.number(UInt32.self, what)
        guard let type = GGMLType.known[number] else { throw Self.unknownType(number, what, at: typePlace) }
        self.type = type
        guard shape[0] % type.blockElements == 0 else {
            throw .malformed(
                "\(what) has rows of \(shape[0]) elements, which \(type.name)'s blocks of \(type.blockElements) "
                    + "don't divide", at: typePlace)
        }
        let (size, overflows) = (elements / type.blockElements).multipliedReportingOverflow(by: type.blockBytes)
        guard !overflows, size <= WeightLimits.file else {
            throw .malformed("\(what) is larger than any file", at: place)
        }
        self.size = size
        offset = try cursor.number(UInt64.self, what)
    }

    private static func shape(
        _ cursor: inout ByteCursor, _ what: String
    ) throws(FormatProblem) -> ([UInt64], UInt64) {
        let start = cursor.offset
        let dimensions = try cursor.number(UInt32.self, what)
        guard (1...UInt32(WeightLimits.ggufDimensions)).contains(dimensions) else {
            throw .malformed(
                "\(what) has \(dimensions) dimensions, not from 1 to \(WeightLimits.ggufDimensions)", at: start)
        }
        var shape: [UInt64] = []
        var elements: UInt64 = 1
        for _ in 0..<dimensions {
            let place = cursor.offset
            let length = try cursor.number(UInt64.self, what)
            // Engines read it as signed.
            guard length > 0, length <= UInt64(Int64.max) else {
                throw .malformed("\(what) has a dimension of \(Int64(bitPattern: length))", at: place)
            }
            let (product, overflows) = elements.multipliedReportingOverflow(by: length)
            guard !overflows, product <= UInt64(Int64.max) else {
                throw .malformed("\(what) has more elements than can be counted", at: place)
            }
            elements = product
            shape.append(length)
        }
        return (shape, elements)
    }

    private static func unknownType(_ number: UInt32, _ what: String, at place: UInt64) -> FormatProblem {
        if let name = GGMLType.removed[number] {
            return .malformed(
                "\(what) is stored as \(name), which llama.cpp no longer reads", at: place,
                remedy: "quantize the original weights again with a present llama.cpp")
        }
        if let name = GGMLType.transient[number] {
            return .malformed("\(what) is stored as \(name), which no weights are", at: place)
        }
        return .malformed("\(what) is of type \(number), which there is not", at: place)
    }
}
