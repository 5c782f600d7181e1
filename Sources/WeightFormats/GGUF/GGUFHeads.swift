/// Attention heads: engines divide the embedding by their number, and their
/// number by that of the heads for keys and values.
struct GGUFHeads {
    private let metadata: GGUFMetadata
    private let architecture: String
    private let layers: UInt64

    private static let most: UInt64 = 16_384

    init(_ metadata: GGUFMetadata, architecture: String, layers: UInt64) {
        (self.metadata, self.architecture, self.layers) = (metadata, architecture, layers)
    }

    func check(embedding: UInt64?) throws(FormatProblem) {
        let headsKey = "\(architecture).attention.head_count"
        let sharedKey = "\(architecture).attention.head_count_kv"
        let heads = try metadata.perLayer(headsKey, layers: layers, in: 0...Self.most)
        let shared = try metadata.perLayer(sharedKey, layers: layers, in: 0...Self.most)
        try mustHaveSome(heads, headsKey)
        try mustHaveSome(shared, sharedKey)
        guard let heads else { return }
        let hasOwnLength = metadata.entry("\(architecture).attention.key_length") != nil
        for layer in 0..<Int(layers) {
            let count = heads[layer]
            if let shared, shared[layer] > 0, count % shared[layer] != 0 || count == 0 {
                throw .malformed(
                    "layer \(layer) has \(count) heads for \(shared[layer]) of keys and values, which don't divide them",
                    at: metadata.entry(sharedKey)?.offset)
            }
            if let embedding, count > 0, !hasOwnLength, embedding % count != 0 {
                throw .malformed(
                    "\(count) heads don't divide an embedding of \(embedding), and \"attention.key_length\" is not given",
                    at: metadata.entry(headsKey)?.offset)
            }
        }
    }

    /// Models without attention say 0 (Mamba, RWKV), and so may single layers.
    private func mustHaveSome(_ heads: GGUFPerLayer?, _ key: String) throws(FormatProblem) {
        guard case .all(0) = heads, !metadata.has(prefix: "\(architecture).ssm."),
            !metadata.has(prefix: "\(architecture).wkv.")
        else { return }
        throw .malformed("\"\(key)\" is 0", at: metadata.entry(key)?.offset)
    }
}
