import AWSSigning
import CloudCredentials
import Glibc
import Logging
import Providers
import Settings

/// The account of a cloud in which a provider is asked: its credential, kept
/// fresh, and the signatures that are made with it.
struct CloudAccount: Sendable {
    let keeper: CredentialKeeper
    /// Tells one account from another, and stays the same when the credential
    /// is renewed.
    let identity: String
    private let region: String

    /// Nil where a key is the credential, or none is needed.
    /// - Throws: ``StartupError`` where the source is not configured, or is
    ///   one that Holdfast leaves to Amazon's own client.
    init?(_ remote: RemoteProvider, of name: String, _ logger: Logger) throws(StartupError) {
        guard let cloud = remote.cloud, let settings = cloud.credentials else { return nil }
        let chosen: ChosenCredentials
        do throws(CredentialProblem) {
            chosen = try CredentialResolution(
                environment: cloud.environment.mapValues { $0.reveal() }, region: cloud.region
            ).resolve(CredentialChoice(settings))
        } catch {
            throw StartupError(.configuration, "provider \(name): \(error)")
        }
        region = cloud.region
        identity = chosen.identity
        let fetcher = CredentialFetcher(chosen)
        keeper = CredentialKeeper(
            chosen.shown, lasting: chosen.lasting, now: { time(nil) },
            fetch: { () async throws(CredentialProblem) in try await fetcher.fetch() },
            note: { problem in
                logger.error(
                    "a provider's credential can't be fetched",
                    metadata: ["provider": "\(name)", "source": "\(chosen.shown)", "reason": "\(problem)"])
            })
        keeper.renew()
    }

    /// The signer of a service's requests.
    var signer: RequestSigner { .each(CloudSigner(keeper, region: region)) }
}

extension CredentialChoice {
    init(_ settings: CloudCredentialSettings) {
        self =
            switch settings {
            case .usual: .usual
            case .keys(let id, let secret, let token):
                .fixed(
                    AWSCredential(keyID: id.reveal(), secret: secret.reveal(), sessionToken: token.map { $0.reveal() }))
            case .environment: .environment
            case .profile(let name): .profile(name)
            case .process(let words): .process(words)
            case .webIdentity(let role, let file, let session):
                .webIdentity(roleARN: role, tokenFile: file, sessionName: session)
            case .container: .container
            case .instance: .instance
            }
    }
}
