import AWSSigning
import Access
import Conversation
import NIOHTTP1
import Wire

/// The check of requests that are signed as AWS's are (SigV4) instead of
/// presenting a key.
///
/// A signature covers the body, so it takes two steps. By the head alone: the
/// form, the time, the scope, the key's id. With the body: the signature
/// (``SignedHead``). What is refused by the head alone never gets to send a body.
struct SignatureCheck: Sendable {
    let keys: KeyRing
    let time: @Sendable () -> UnixTime

    /// The service that clients sign Bedrock's requests for.
    private static let service = "bedrock"

    /// Returns whether a request is signed in any form, well or not, to be let in
    /// by that: not where it brings a key for Holdfast beside a signature for a
    /// provider.
    static func isMeant(by headers: HTTPHeaders, _ target: RequestTarget) -> Bool {
        if headers.first(name: "x-holdfast-key").map({ !$0.isEmpty }) ?? false { return false }
        for (name, value) in headers
        where name.utf8.count == 13 && name.isField("authorization") && SigV4Authorization.isMeant(by: value) {
            return true
        }
        guard !target.query.isEmpty else { return false }
        return SigV4Claim.isMade(by: SigV4Request(method: "", path: "", query: target.query, fields: HTTPFieldList()))
    }

    /// Judges a signed request by its head.
    func claim(
        _ head: HTTPRequestHead, _ target: RequestTarget, from peer: ConnectionPeer
    ) -> Result<SignedHead, APIProblem> {
        var fields = HTTPFieldList()
        for (name, value) in head.headers { fields.append(name.lowercased(), value) }
        let claim: SigV4Claim
        do throws(SigV4Problem) {
            claim = try SigV4Claim(
                SigV4Request(
                    method: head.method.rawValue, path: String(target.path), query: target.query, fields: fields),
                at: Int(time().seconds),
                rules: SigV4Claim.Rules(service: Self.service, takesUnsignedPayload: peer.isTrusted))
        } catch {
            return .failure(APIProblem(error))
        }
        guard fields["x-amz-security-token"] == nil else { return .failure(.sessionToken) }
        switch keys.claim(claim.keyID, now: time()) {
        case .claimed(let key): return .success(SignedHead(claim: claim, key: key))
        case .unknown: return .failure(.unknownSigner)
        case .expired(let time): return .failure(.signerExpired(time))
        case .revoked: return .failure(.signerRevoked)
        case .unready(let version): return .failure(.signerUnready(version))
        }
    }
}

/// A signed request of which the head is good: the key that it names counts, and
/// the signature is still to be checked.
struct SignedHead: Sendable {
    fileprivate let claim: SigV4Claim
    fileprivate let key: ClaimedKey

    /// The id of the key that the request names; anybody can name it.
    var keyID: String { key.id }

    /// Checks the signature.
    /// - Parameter body: The hash of the whole body.
    func principal(_ body: SigV4Payload) -> Result<Principal, APIProblem> {
        guard let principal = key.proven(by: { claim.isProven(by: $0, body: body) }) else {
            return .failure(.wrongSignature)
        }
        return .success(principal)
    }

    /// Checks the signature of a request of which no body is taken.
    func principalWithoutBody() -> Result<Principal, APIProblem> { principal(.empty) }
}
