import Access
import Gateway
import NIOHTTP1
import Wire

/// A caller's two credentials, where it has two: the Holdfast key that admits
/// it comes in `x-holdfast-key`, and its own for a provider where that
/// provider's clients put it.
extension Credentials {
    static let keyField: StaticString = "x-holdfast-key"

    /// The values of `x-holdfast-key`; empty where the caller has only one
    /// credential.
    func ownKeys(_ headers: HTTPHeaders) -> [String] {
        var keys: [String] = []
        for (name, value) in headers where name.utf8.count == 14 && !value.isEmpty && name.isField(Self.keyField) {
            keys.append(value)
        }
        return keys
    }

    /// Returns the caller's own credential for a provider; nil where it has
    /// none beside its key.
    ///
    /// Whatever could be a key of this Holdfast is none: it would travel to the
    /// provider.
    func callersOwn(_ headers: HTTPHeaders) -> CallerCredential? {
        let own = ownKeys(headers)
        guard !own.isEmpty else { return nil }
        var fields = HTTPFieldList()
        for (name, value) in headers {
            guard let key = Self.key(name, value), fields.fields.count < 2, !own.contains(key), !mayBeOurs(key) else {
                continue
            }
            let name = name.lowercased()
            if fields[name] == nil { fields.append(name, value) }
        }
        return CallerCredential(fields)
    }

    private func mayBeOurs(_ key: String) -> Bool {
        if KeySecret.hasShape(key) { return true }
        guard !keys.isOpen else { return false }
        if case .unknown = keys.authenticate(key, now: time()) { return false }
        return true
    }
}
