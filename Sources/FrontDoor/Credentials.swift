import Access
import Conversation
import NIOHTTP1

/// The check of a request's credentials.
///
/// Keys are taken from `x-api-key` and `Authorization: Bearer`, at every door
/// and in every line of these fields. Any valid one is enough, since clients
/// send a placeholder, an empty field or another service's token beside it.
/// A key in `x-holdfast-key` is the only one that counts: the other fields then
/// hold a credential of the caller's own (``callersOwn(_:)``).
struct Credentials {
    let keys: KeyRing
    let time: @Sendable () -> UnixTime

    /// More are not looked at: each costs a hash.
    private static let most = 8

    func authenticate(_ headers: HTTPHeaders) -> Result<Principal, APIProblem> {
        let outcome = authentication(headers)
        if case .granted(let principal) = outcome { return .success(principal) }
        return .failure(Self.problem(outcome))
    }

    func authentication(_ headers: HTTPHeaders) -> Authentication {
        var outcome = Authentication.missing
        var looked = 0
        let own = ownKeys(headers)
        for key in own.prefix(Self.most) {
            let judged = keys.authenticate(key, now: time())
            if case .granted = judged { return judged }
            if judged.saysMore(than: outcome) { outcome = judged }
        }
        guard own.isEmpty else { return outcome }
        for (name, value) in headers {
            guard let key = Self.key(name, value), looked < Self.most else { continue }
            looked += 1
            let judged = keys.authenticate(key, now: time())
            if case .granted = judged { return judged }
            if judged.saysMore(than: outcome) { outcome = judged }
        }
        // Where keys are switched off, nobody needs one.
        if case .missing = outcome { return keys.authenticate(nil, now: time()) }
        return outcome
    }

    /// - Returns: nil where the field is about something else, or empty.
    static func key(_ name: String, _ value: String) -> String? {
        switch name.utf8.count {
        case 9: return !value.isEmpty && name.isField("x-api-key") ? value : nil
        case 13: return name.isField("authorization") ? bearer(value) : nil
        default: return nil
        }
    }

    static func bearer(_ value: String) -> String? {
        let bytes = value.utf8
        guard bytes.count > 7, bytes.prefix(7).elementsEqual("bearer ".utf8, by: { $0 | 0x20 == $1 }) else {
            return nil
        }
        let key = String(Substring(bytes.dropFirst(7).drop { $0 == UInt8(ascii: " ") }))
        return key.isEmpty ? nil : key
    }

    private static func problem(_ outcome: Authentication) -> APIProblem {
        let message =
            switch outcome {
            case .granted, .missing:
                "No API key. Send it as \"Authorization: Bearer KEY\" or \"x-api-key: KEY\"; "
                    + "`holdfast keys create --name NAME` makes one."
            case .unknown: "This API key is not known here. `holdfast keys list` shows those that are."
            case .expired(let time): "This API key expired at \(time). Ask for a new one."
            case .revoked: "This API key has been revoked. Ask for a new one."
            }
        return APIProblem(.unauthenticated, message, code: "invalid_api_key")
    }
}

extension Authentication {
    private var weight: Int {
        switch self {
        case .missing: 0
        case .unknown: 1
        case .revoked: 2
        case .expired: 3
        case .granted: 4
        }
    }

    /// Of several keys that don't count, the one that its owner can make
    /// something of is told.
    fileprivate func saysMore(than other: Authentication) -> Bool { weight > other.weight }
}

extension String {
    /// Tells whether this is the field of that name, in whatever case.
    /// - Parameter name: in lower case.
    func isField(_ name: StaticString) -> Bool {
        utf8.count == name.utf8CodeUnitCount
            && zip(utf8, UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
                .allSatisfy { $0 == $1 || $0 | 0x20 == $1 && (0x41...0x5A).contains($0) }
    }
}
