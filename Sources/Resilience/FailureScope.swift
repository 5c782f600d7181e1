import Failures

/// The extent of a failure of some scope at some place: the key of what is
/// remembered, no wider than the scope.
///
/// A credential is one host's: the same value at another host (a placeholder
/// at two local servers, none at all) is another's account.
struct FailureScope: Sendable, Hashable {
    let scope: Scope
    let host: String
    let credential: String
    let model: String

    /// Nil for ``Scope/request``, which reaches nothing that lasts.
    init?(_ scope: Scope, _ place: Target) {
        self.init(scope, host: place.host, credential: place.credential, model: place.model)
    }

    /// Of what was remembered.
    init?(_ hold: Hold) {
        self.init(hold.scope, host: hold.host, credential: hold.credential, model: hold.model)
    }

    private init?(_ scope: Scope, host: String, credential: String, model: String) {
        guard scope != .request else { return nil }
        self.scope = scope
        self.host = host
        self.credential = scope == .credential || scope == .credentialModel ? credential : ""
        self.model = scope == .model || scope == .credentialModel ? model : ""
    }

    /// All that a request to this place depends on, widest first.
    static func all(of place: Target) -> [FailureScope] {
        [Scope.host, .credential, .credentialModel, .model].compactMap { FailureScope($0, place) }
    }

    /// The name of a hold for this cause here: the same in every process, 12
    /// hexadecimal digits of FNV-1a
    /// (https://datatracker.ietf.org/doc/html/draft-eastlake-fnv).
    func holdID(_ ground: HoldGround) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for part in [ground.rawValue, scope.rawValue, host, credential, model] {
            // 0xFF is in no UTF-8 text, so that parts can't run together.
            for byte in Array(part.utf8) + [0xFF] {
                hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
            }
        }
        let digits = String(hash ^ (hash >> 48), radix: 16)
        return String((String(repeating: "0", count: 16) + digits).suffix(12))
    }
}
