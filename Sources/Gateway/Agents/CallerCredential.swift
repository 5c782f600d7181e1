package import Access
package import Wire

/// A credential of the caller's own for a provider, beside the Holdfast key
/// that has admitted it.
///
/// It goes to a provider whose settings say `credential: caller`, and to no
/// other. Only its digest is ever remembered.
package struct CallerCredential: Sendable, Equatable {
    /// The fields with the credential, as they came; their names are
    /// `authorization` and `x-api-key`.
    package let fields: HTTPFieldList
    /// Stands for the credential without telling it.
    package let digest: KeyDigest

    /// Nil where there is no field.
    package init?(_ fields: HTTPFieldList) {
        guard !fields.isEmpty else { return nil }
        self.fields = fields
        digest = KeyDigest(of: fields.fields.map { "\($0.name): \($0.value)" }.joined(separator: "\n"))
    }

    /// Returns the fields with which a provider is asked.
    /// - Parameter form: The field in which the provider's own API has a key;
    ///   nil where the caller speaks that API, and its fields are right as they
    ///   came.
    func fields(inFormOf form: ((String) -> (name: String, value: String))?) -> HTTPFieldList {
        guard let form, let key else { return fields }
        let field = form(key)
        var fields = HTTPFieldList()
        fields.append(field.name, field.value)
        return fields
    }

    /// The key alone, without the scheme of a bearer.
    private var key: String? {
        if let key = fields["x-api-key"] { return key }
        guard let bearer = fields["authorization"], let space = bearer.utf8.firstIndex(of: UInt8(ascii: " ")) else {
            return nil
        }
        return String(bearer[space...].drop { $0 == " " })
    }
}

extension CallerCredential: CustomStringConvertible, CustomReflectable {
    /// The names of its fields: the credential never shows itself.
    package var description: String { fields.fields.map(\.name).joined(separator: ", ") }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
