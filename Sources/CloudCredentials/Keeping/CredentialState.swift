package import AWSSigning

/// The life of one source's credential: when it is used, when it is renewed,
/// and how often a source that fails is asked.
///
/// Pure; times are seconds since 1970.
package struct CredentialState: Sendable {
    /// The next step of a request that needs a credential.
    package enum Step: Sendable, Equatable {
        case use(AWSCredential)
        /// A fetch is under way.
        case wait
        /// The source failed just now.
        case refuse(CredentialProblem)
    }

    private var credential: AWSCredential?
    /// The time from which on a credential is fetched anew.
    private var renewal: Int?
    /// The time at which one was dropped last because it had been refused.
    private var lastDrop = Int.min
    private var isFetching = false
    private var failures = 0
    private var problem: CredentialProblem?
    /// The end of the pause after a failure.
    private var pause = Int.min
    /// The time for which a credential without an end is kept; nil is for good.
    private let lasting: Int?

    /// - Parameter lasting: For sources that others write anew.
    package init(lasting: Int? = nil) { self.lasting = lasting }

    /// A credential is renewed that long before its end, or at half of its life
    /// where that is shorter.
    private static let lead = 15 * 60
    /// The signature has to arrive before the end.
    private static let slack = 10
    private static let longestPause = 60
    /// An endpoint that gives the same credential again is asked that often.
    private static let shortestLife = 30

    /// The credential that may be used now.
    package func usable(at now: Int) -> AWSCredential? {
        guard let credential else { return nil }
        guard let expires = credential.expires else { return credential }
        return Int64(now) < expires - Int64(Self.slack) ? credential : nil
    }

    /// Returns the next step of a request.
    /// - Parameter fetches: Set to true where the caller has to begin a fetch.
    package mutating func look(at now: Int, fetches: inout Bool) -> Step {
        fetches = beginsFetch(at: now)
        if let credential = usable(at: now) { return .use(credential) }
        if isFetching { return .wait }
        return .refuse(problem ?? CredentialProblem("there is no credential"))
    }

    /// Returns whether a fetch is due, and takes it for begun.
    package mutating func beginsFetch(at now: Int) -> Bool {
        guard !isFetching, now >= pause else { return false }
        if usable(at: now) != nil, renewal.map({ now < $0 }) ?? true { return false }
        isFetching = true
        return true
    }

    package mutating func fetched(_ fresh: AWSCredential, at now: Int) {
        isFetching = false
        failures = 0
        problem = nil
        pause = .min
        credential = fresh
        if let said = fresh.expires {
            // Nothing is said of times that no clock shows.
            let expires = min(max(said, 0), 1 << 40)
            credential?.expires = expires
            let life = max(0, Int(expires) - now)
            renewal = now + max(Self.shortestLife, life - min(Self.lead, life / 2))
            if usable(at: now) == nil {
                problem = CredentialProblem("its source gave a credential that has ended: check the clocks")
                pause = now + Self.shortestLife
            }
        } else {
            renewal = lasting.map { now + $0 }
        }
    }

    /// Takes note that a credential was refused before its end, e.g. because it
    /// was revoked: the next request waits for a fresh one. A source whose fresh
    /// ones are refused as well is asked once a second.
    package mutating func refused(_ keyID: String, at now: Int) {
        guard credential?.keyID == keyID, now > lastDrop else { return }
        credential = nil
        lastDrop = now
    }

    package mutating func failed(_ problem: CredentialProblem, at now: Int) {
        isFetching = false
        self.problem = problem
        failures += 1
        pause = now + min(Self.longestPause, 1 << min(failures - 1, 10))
    }
}
