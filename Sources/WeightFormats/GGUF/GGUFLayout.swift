import Encodings

/// The layout of a GGUF file's tensors: one after the other from the start of the data to the end of the file, with
/// zeros up to the next multiple of the alignment and nothing else between them.
struct GGUFLayout {
    let tensors: [WeightTensor]
    let dataOffset: UInt64

    /// - Parameter headerEnd: the offset at which the last tensor's description ends.
    init(
        _ infos: [GGUFTensorInfo], headerEnd: UInt64, alignment: UInt64, in bytes: any WeightBytes
    ) throws(FormatProblem) {
        func aligned(_ offset: UInt64) -> UInt64 { (offset + alignment - 1) / alignment * alignment }

        var tensors: [WeightTensor] = []
        // Bounded by the file's size, so nothing here overflows.
        var end = headerEnd
        var last = "the header"
        let data = aligned(headerEnd)
        for info in infos {
            let what = "the tensor \(Printable.quoted(info.name))"
            guard info.offset % alignment == 0 else {
                throw .malformed("\(what) starts at \(info.offset), no multiple of \(alignment)", at: info.place)
            }
            let start = aligned(end)
            guard info.offset == start - data else {
                throw .malformed(
                    info.offset < start - data
                        ? "\(what) starts at \(info.offset), within the data before it, which ends at \(start - data)"
                        : "\(what) starts at \(info.offset) and leaves a hole behind \(last), which ends at "
                            + "\(start - data)", at: info.place)
            }
            guard start <= bytes.size, info.size <= bytes.size - start else {
                let missing = start + info.size - bytes.size
                throw .malformed(
                    "the file ends \(Amount.exactly(missing)) before \(what) does", at: bytes.size,
                    remedy: "fetch it again: the download was cut off")
            }
            try bytes.mustBeZero(end..<start, last)
            tensors.append(
                WeightTensor(
                    name: info.name, type: info.type.name, shape: info.shape, elements: info.elements, offset: start,
                    size: info.size))
            end = start + info.size
            last = what
        }
        // Writers pad behind the last one, too; some readers don't ask for it.
        let padded = aligned(end)
        guard bytes.size == end || bytes.size == padded else {
            throw .malformed(
                "past \(last), where the file must end, come \(Amount.exactly(bytes.size - end))", at: end,
                remedy: "don't use it: something was hidden in it or it was damaged")
        }
        try bytes.mustBeZero(end..<bytes.size, last)
        (self.tensors, dataOffset) = (tensors, data)
    }
}
