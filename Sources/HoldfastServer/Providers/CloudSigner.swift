import AWSSigning
import CloudCredentials
import Glibc
import Providers
import Synchronization
import Wire

/// Signs each request to Bedrock with the credential of now.
final class CloudSigner: EachRequestSigner {
    private let keeper: CredentialKeeper
    private let region: String
    /// Derived once a day for each credential.
    private let kept = Mutex<(signer: SigV4Signer, key: SigV4Key)?>(nil)

    init(_ keeper: CredentialKeeper, region: String) {
        self.keeper = keeper
        self.region = region
    }

    var names: Set<String> { SigV4Signer.names }

    /// Makes no field where there is no credential: the lane waits for one, and
    /// refuses without (``CredentialLane``).
    func sign(_ request: UnsignedRequest) -> HTTPFieldList {
        guard let credential = keeper.current else { return HTTPFieldList() }
        let now = SigV4Time(seconds: time(nil))
        let (signer, key) = key(of: credential, at: now)
        return signer.fields(
            for: SigV4Request(
                method: request.method, path: request.path, query: request.query, fields: request.fields),
            .hash(of: request.body), at: now, key: key)
    }

    private func key(of credential: AWSCredential, at now: SigV4Time) -> (signer: SigV4Signer, key: SigV4Key) {
        kept.withLock { kept in
            if let known = kept, known.signer.credential == credential, known.key.scope == known.signer.scope(at: now) {
                return known
            }
            let signer = SigV4Signer(credential, region: region, service: "bedrock")
            let fresh = (signer: signer, key: signer.key(at: now))
            kept = fresh
            return fresh
        }
    }
}
