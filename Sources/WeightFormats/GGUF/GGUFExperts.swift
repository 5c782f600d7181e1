/// A mixture's experts: a token can't go to more of them than there are.
struct GGUFExperts {
    private let metadata: GGUFMetadata
    private let architecture: String
    private let layers: UInt64

    private static let most: UInt64 = 4096

    init(_ metadata: GGUFMetadata, architecture: String, layers: UInt64) {
        (self.metadata, self.architecture, self.layers) = (metadata, architecture, layers)
    }

    func check() throws(FormatProblem) {
        let experts = try metadata.perLayer("\(architecture).expert_count", layers: layers, in: 0...Self.most)
        let usedKey = "\(architecture).expert_used_count"
        let used = try metadata.perLayer(usedKey, layers: layers, in: 0...Self.most)
        for layer in 0..<Int(layers) {
            let count = experts?[layer] ?? 0
            guard used?[layer] ?? 0 <= count else {
                throw .malformed(
                    "layer \(layer) uses \(used![layer]) experts of \(count)", at: metadata.entry(usedKey)?.offset)
            }
        }
        if case .all(let count) = experts, count > 0 {
            // Only single layers may do without.
            switch used {
            case nil, .all(0): throw .malformed("of \(count) experts none is used (\"\(usedKey)\")", at: nil)
            default: break
            }
            let groupKey = "\(architecture).expert_group_count"
            if let groups = try metadata.number(groupKey, in: 0...Self.most), groups > 0, count % groups != 0 {
                throw .malformed(
                    "\(groups) groups don't divide \(count) experts", at: metadata.entry(groupKey)?.offset)
            }
        }
        _ = try metadata.perLayer("\(architecture).feed_forward_length", layers: layers, in: 0...1 << 24)
    }
}
