/// A value of the file that should be a secret or an address.
struct SecretValue {
    enum Kind {
        /// Guards something: a key, a field that carries one.
        case credential
        /// An address, which may hold a password or a token.
        case address
        /// A header field that guards nothing.
        case field
    }

    var path: String
    var node: DocumentNode
    var spelled: String
    var kind: Kind

    private static let kinds: [String: Kind] = [
        "api_key": .credential, "secret": .credential, "secret_access_key": .credential, "session_token": .credential,
        "control_url": .address, "base_url": .address, "proxy": .address, "url": .address,
    ]

    /// All of a file, in its order.
    static func all(in root: DocumentNode) -> [SecretValue] { collect(root, path: "", isHeaders: false) }

    private static func header(_ name: String) -> Kind {
        let name = name.lowercased()
        return ["auth", "key", "token", "secret", "cookie"].contains(where: name.contains) ? .credential : .field
    }

    private static func collect(_ node: DocumentNode, path: String, isHeaders: Bool) -> [SecretValue] {
        var found: [SecretValue] = []
        for entry in node.entries {
            let name = path.isEmpty ? entry.key : "\(path).\(entry.key)"
            if let spelled = entry.value.spelled {
                guard let kind = isHeaders ? header(entry.key) : kinds[entry.key] else { continue }
                found.append(SecretValue(path: name, node: entry.value, spelled: spelled, kind: kind))
            } else {
                found += collect(entry.value, path: name, isHeaders: entry.key == "headers")
            }
        }
        for (index, element) in node.elements.enumerated() {
            found += collect(element, path: "\(path)[\(index)]", isHeaders: false)
        }
        return found
    }
}
