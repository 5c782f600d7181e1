/// Secrets in files that every user of the machine can read.
struct ExposedSecret {
    let notes: Notes
    let folder: String

    func check(_ root: DocumentNode) {
        if let value = SecretValue.all(in: root).first(where: Self.isSecret), notes.othersCanRead(notes.file) {
            notes.warning(
                value.node.position,
                "\(value.path) is a secret, and every user of this machine can read \(notes.file); "
                    + "`chmod 600` it, or take the secret from the environment: ${NAME}")
        }
        checkFile(root["tls"]?["key"], "tls.key")
        for provider in root["providers"]?.entries ?? [] {
            checkFile(provider.value["weights_key"]?["file"], "providers.\(provider.key).weights_key.file")
        }
    }

    private func checkFile(_ node: DocumentNode?, _ path: String) {
        guard let node, let spelled = node.spelled else { return }
        let file = resolved(References.expand(spelled, environment: notes.environment).value, in: folder)
        guard notes.othersCanRead(file) else { return }
        notes.warning(
            node.position, "\(path): every user of this machine can read \(quoted(spelled)); `chmod 600` it")
    }

    /// Returns whether the file itself contains the secret. A shorter value is not a key, but a placeholder for servers
    /// that require none.
    private static func isSecret(_ value: SecretValue) -> Bool {
        guard !value.spelled.contains("${"), LiteralReference.find(in: value.spelled) == nil else { return false }
        switch value.kind {
        case .credential: return value.spelled.utf8.count >= 16
        case .address: return value.spelled.contains("@")
        case .field: return false
        }
    }
}
