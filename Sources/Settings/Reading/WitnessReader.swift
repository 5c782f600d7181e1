import Ledger

/// Reads `ledger.witnesses`: a list of `{url, vkey}`.
struct WitnessReader {
    let notes: Notes

    func read(_ ledger: Section) -> [WitnessSettings] {
        guard let node = ledger.node("witnesses") else { return [] }
        guard case .list(let nodes) = node.content else {
            notes.error(node.position, "\(ledger.path("witnesses")) must be a list, not \(node.kind)")
            return []
        }
        var witnesses: [WitnessSettings] = []
        for (index, node) in nodes.enumerated() {
            let name = "\(ledger.path("witnesses"))[\(index)]"
            guard let section = Section(node, name: name, keys: ["url", "vkey"], notes: notes) else { continue }
            section.requires(["url", "vkey"])
            let url = section.value("url", "must be an address such as https://witness.example") { try? BaseURL($0) }
            let key = section.value("vkey", "must be a witness's key, as `holdfast witness key` prints it") { text in
                VerifierKey(text).flatMap { $0.kind == .cosignature ? $0 : nil }
            }
            guard let url, let key else { continue }
            if witnesses.contains(where: { $0.key.publicKey == key.publicKey }) {
                notes.error(node.position, "\(ledger.path("witnesses")) has \(key.name) twice")
            }
            witnesses.append(WitnessSettings(url: url, key: key))
        }
        return witnesses
    }
}
