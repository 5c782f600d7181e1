/// Reads `signed` of a hosted model.
struct SignedReader {
    let notes: Notes
    let folder: String
    /// The path of the weights.
    let modelFile: String

    func read(_ parent: Section) -> SignedWeights? {
        let known = [
            "folder", "signature", "keys", "roots", "custody", "custodians", "threshold", "model",
        ]
        guard let section = parent.section("signed", keys: known) else { return nil }
        let signed = section.path(of: "folder", in: folder, absence: .warning)
        if let signed, !modelFile.hasPrefix(signed + "/") {
            section.error("folder", "is not above model_file; name the folder that was signed with the model in it")
        }
        let keys = paths("keys", section)
        let roots = paths("roots", section)
        if keys.isEmpty == roots.isEmpty {
            notes.error(
                section.position,
                "\(section.name) needs keys, or roots of certificates: nobody is believed by default")
        }
        return SignedWeights(
            folder: signed,
            signature: section.path(of: "signature", in: folder, absence: .warning) ?? (signed ?? modelFile) + ".sig",
            keys: keys, roots: roots, terms: terms(section))
    }

    private func terms(_ section: Section) -> SignedWeights.Terms? {
        let custodians = paths("custodians", section)
        let threshold = section.integer("threshold", in: 2...16) ?? 2
        let model = section.string("model")
        guard let statement = section.path(of: "custody", in: folder, absence: .warning) else {
            for key in ["custodians", "threshold", "model"] where section.node(key) != nil {
                section.error(key, "goes with custody, the statement that custodians sign")
            }
            return nil
        }
        if custodians.count < threshold {
            notes.error(section.position, "\(section.name) needs \(threshold) or more custodians: nobody acts alone")
        }
        return .init(statement: statement, custodians: custodians, threshold: threshold, model: model)
    }

    private func paths(_ key: String, _ section: Section) -> [String] {
        (section.list(key) ?? []).map { text in
            let path = resolved(text.value, in: folder)
            if !notes.isReadable(path) {
                notes.warning(text.position, "\(section.path(key)): cannot read \(text.shown) yet")
            }
            return path
        }
    }
}
