extension WeightFile {
    /// Reads and checks a file, regardless of its name.
    ///
    /// - Throws: ``FormatProblem`` if its format is not accepted, or if any part of it could be understood in more than
    ///   one way.
    package init(reading bytes: any WeightBytes) throws(FormatProblem) {
        let size = bytes.size
        guard size > 0 else { throw .malformed("the file is empty", at: nil) }
        guard size <= WeightLimits.file else { throw .malformed("the file is larger than any disk", at: nil) }
        let head = try bytes.whole(at: 0, count: Int(min(size, UInt64(ForeignFormat.headLength))))
        if let foreign = ForeignFormat(head: head) { throw foreign.problem(head: head) }
        if head.starts(with: GGUFHeader.magic) {
            self = try GGUFReader(bytes).file()
        } else if SafeTensorsReader.mayRead(head: head, size: size) {
            self = try SafeTensorsReader(bytes).file()
        } else {
            let start = head.prefix(8).map { Amount.hex($0) }.joined(separator: " ")
            throw FormatProblem(
                .unrecognized, at: 0, "the file is neither GGUF nor safetensors; it starts with \(start)",
                remedy: "ask its publisher for one of the two")
        }
        try ZIPTail.refuse(bytes)
    }
}
