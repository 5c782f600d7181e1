import Encodings

/// A check that a model has tensors for each of its layers and for no other layer, since engines allocate as many
/// layers as `block_count` says.
struct GGUFBlocks {
    private let metadata: GGUFMetadata
    private let architecture: String
    private let layers: UInt64

    init(_ metadata: GGUFMetadata, architecture: String, layers: UInt64) {
        (self.metadata, self.architecture, self.layers) = (metadata, architecture, layers)
    }

    /// - Parameter isWhole: all tensors are there, not those of a split's one
    ///   file.
    func check(_ tensors: [GGUFTensorInfo], isWhole: Bool) throws(FormatProblem) {
        var found: Set<UInt64> = []
        for tensor in tensors {
            // An encoder's and decoder's layers are counted apart.
            let name = tensor.name.hasPrefix("enc.") ? String(tensor.name.dropFirst(4)) : tensor.name
            guard name.hasPrefix("blk.") else { continue }
            let digits = name.dropFirst(4).prefix { $0 != "." }
            guard let layer = UInt64(digits), String(layer) == digits, name.dropFirst(4 + digits.count).first == "."
            else {
                throw .malformed("the tensor \(Printable.quoted(tensor.name)) has no layer's number", at: tensor.place)
            }
            guard layer < layers else {
                throw .malformed(
                    "the tensor \(Printable.quoted(tensor.name)) is of a layer past the last, \(layers - 1)",
                    at: tensor.place)
            }
            found.insert(layer)
        }
        guard isWhole else { return }
        let mayBeEmpty = try self.mayBeEmpty()
        for layer in 0..<layers where !found.contains(layer) && !mayBeEmpty(layer) {
            let key = "\(architecture).block_count"
            throw .malformed(
                "layer \(layer) of \(layers) (\"\(key)\") has no tensors", at: metadata.entry(key)?.offset)
        }
    }

    /// Layers that pruning left with neither heads nor a feed-forward part;
    /// and the ones that guess ahead, which not every file keeps.
    private func mayBeEmpty() throws(FormatProblem) -> (UInt64) -> Bool {
        let range: ClosedRange<UInt64> = 0...UInt64(Int32.max)
        let heads = try metadata.perLayer("\(architecture).attention.head_count", layers: layers, in: range)
        let forward = try metadata.perLayer("\(architecture).feed_forward_length", layers: layers, in: range)
        let ahead = try metadata.number("\(architecture).nextn_predict_layers") ?? 0
        return { layer in
            if layer >= layers - min(ahead, layers - 1) { return true }
            guard case .each(let heads) = heads, case .each(let forward) = forward else { return false }
            return heads[Int(layer)] == 0 && forward[Int(layer)] == 0
        }
    }
}
