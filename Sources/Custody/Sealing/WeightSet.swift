import WeightFormats

/// A check that files which are valid on their own form one model together.
enum WeightSet {
    /// - Throws: for a part that is missing, there twice, or not of this set.
    static func check(_ files: [WeightFile], names: [String]) throws(CustodyProblem) {
        guard let first = files.first else {
            throw CustodyProblem(.manifest, "the manifest names no file", remedy: "sign the model's file")
        }
        for (file, name) in zip(files, names) {
            guard case .gguf = file.format else {
                throw CustodyProblem(
                    .format, "\(name) is no GGUF file: safetensors are not loaded from sealed memory",
                    remedy: "host a GGUF file of this model, or serve it with vLLM as a remote provider")
            }
        }
        let count = first.split?.count ?? 1
        guard UInt64(files.count) == count else {
            throw CustodyProblem(
                .manifest, "\(names[0]) is one of \(count) files of its model, and the manifest names \(files.count)",
                remedy: "sign all of them together, in their order")
        }
        guard count > 1 else { return }
        for (index, file) in files.enumerated() {
            guard let split = file.split, split.count == count, split.number == UInt64(index),
                split.tensors == first.split?.tensors
            else {
                throw CustodyProblem(
                    .format, "\(names[index]) is not part \(index + 1) of the \(count) files of this model",
                    remedy: "sign all of them together, in their order")
            }
        }
        let tensors = files.reduce(0) { $0 + UInt64($1.tensors.count) }
        guard tensors == first.split?.tensors else {
            throw CustodyProblem(
                .format, "the files have \(tensors) tensors together, and say \(first.split?.tensors ?? 0)",
                remedy: "fetch the model's files again")
        }
    }
}
