import Routing

/// Warnings of what is legal, and all but certainly meant otherwise: mistakes
/// that otherwise show hours later, in answers from providers.
///
/// Looks at the file as it is written, so that what is broken elsewhere in it
/// hides nothing. Each check is a file of this folder.
struct FirstDayCheck {
    let notes: Notes
    let root: DocumentNode
    let folder: String

    func check(admin: ListenAddress?, providers: ReadProviders, routes: [Route]) {
        LiteralReference(notes: notes).check(root)
        BasePath(notes: notes).check(root, providers.usable)
        ExposedSecret(notes: notes, folder: folder).check(root)
        PastDate(notes: notes).check(root)
        SpacedModel(notes: notes).check(root)
        UnknownRegion(notes: notes).check(root)
        SuccessorCycle(notes: notes, providers: providers, routes: routes).check(root)
        checkAdmin(admin)
    }

    /// `tls` is for applications' listener; the administrators' is HTTP.
    private func checkAdmin(_ admin: ListenAddress?) {
        guard let admin, !admin.isLoopback, let node = root["admin"] else { return }
        // Without keys it is an error, and told as one.
        if root["keys"]?.spelled == "none" { return }
        notes.warning(
            node.position,
            "admin is \(admin), which others can reach, and is plain HTTP: admin keys cross the network in clear; "
                + "listen on 127.0.0.1, and let a proxy with TLS or an SSH tunnel lead there")
    }
}

extension DocumentNode {
    /// The value of a mapping's key; nil for anything else.
    subscript(_ key: String) -> DocumentNode? {
        entries.first { $0.key == key }?.value
    }

    /// The entries of a mapping, in the order of the file; none for other nodes.
    var entries: [Entry] {
        if case .mapping(let entries) = content { entries } else { [] }
    }

    /// The elements of a list; none for other nodes.
    var elements: [DocumentNode] {
        if case .list(let elements) = content { elements } else { [] }
    }

    /// A single value as the file spells it, references and all.
    var spelled: String? {
        guard case .scalar(let text, _) = content, !isNull else { return nil }
        return References.show(text)
    }

    /// A single value, or the single values of a list.
    var scalars: [DocumentNode] { isScalar ? [self] : elements.filter(\.isScalar) }
}
