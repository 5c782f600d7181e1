import Encodings

/// Reads a safetensors file: the header's length, the header, and tensors
/// that fill the rest without a hole.
///
/// Source: safetensors' README ("Format") and `tensor.rs`.
struct SafeTensorsReader {
    private let bytes: any WeightBytes

    init(_ bytes: any WeightBytes) { self.bytes = bytes }

    func file() throws(FormatProblem) -> WeightFile {
        let length = try headerLength()
        let header = try SafeTensorsHeader(bytes.whole(at: 8, count: Int(length)))
        let data = 8 + length
        let tensors = try laidOut(header.tensors, from: data)
        return WeightFile(
            format: .safetensors, purpose: .model, architecture: nil, metadata: header.metadata, tensors: tensors,
            vocabulary: nil, chatTemplates: [], split: nil, alignment: nil, dataOffset: data, size: bytes.size)
    }

    private func headerLength() throws(FormatProblem) -> UInt64 {
        guard let length = Self.headerLength(try bytes.whole(at: 0, count: Int(min(8, bytes.size)))) else {
            throw .malformed("the file ends within its header's length", at: bytes.size)
        }
        guard length <= WeightLimits.safetensorsHeader else {
            throw .malformed(
                "the header is said to have \(Amount.exactly(length)); the most is "
                    + "\(Amount.grouped(WeightLimits.safetensorsHeader))", at: 0)
        }
        guard length >= 2, length <= bytes.size - 8 else {
            throw .malformed(
                "the header is said to have \(Amount.exactly(length)), and \(Amount.grouped(bytes.size - 8)) follow",
                at: 0)
        }
        return length
    }

    /// The format has no magic. A length that can be one, or the brace that
    /// must follow it, is taken for the wish to be read as such.
    static func mayRead(head: [UInt8], size: UInt64) -> Bool {
        guard let length = headerLength(head) else { return false }
        if head.count > 8, head[8] == UInt8(ascii: "{") { return true }
        return length >= 2 && length <= min(WeightLimits.safetensorsHeader, size - 8)
    }

    private static func headerLength(_ head: [UInt8]) -> UInt64? {
        guard head.count >= 8 else { return nil }
        return head[..<8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// - Returns: in the order of their data.
    private func laidOut(
        _ infos: [SafeTensorsHeader.Tensor], from data: UInt64
    ) throws(FormatProblem) -> [WeightTensor] {
        let room = bytes.size - data
        var tensors: [WeightTensor] = []
        var end: UInt64 = 0
        // Tensors without elements start where others do, and come first.
        for info in infos.sorted(by: { ($0.begin, $0.end, $0.place) < ($1.begin, $1.end, $1.place) }) {
            let what = "the tensor \(Printable.quoted(info.name))"
            guard info.begin == end else {
                throw .malformed(
                    info.begin < end
                        ? "\(what) starts at \(info.begin), within the data before it, which ends at \(end)"
                        : "\(what) starts at \(info.begin) and leaves a hole behind \(end)", at: info.place)
            }
            guard info.end <= room else {
                throw .malformed(
                    "the file ends \(Amount.exactly(info.end - room)) before \(what) does", at: bytes.size,
                    remedy: "fetch it again: the download was cut off")
            }
            tensors.append(
                WeightTensor(
                    name: info.name, type: info.type, shape: info.shape, elements: info.elements,
                    offset: data + info.begin, size: info.end - info.begin))
            end = info.end
        }
        guard end == room else {
            throw .malformed(
                "past the last tensor, where the file must end, come \(Amount.exactly(room - end))", at: data + end,
                remedy: "don't use it: something was hidden in it or it was damaged")
        }
        return tensors
    }
}
