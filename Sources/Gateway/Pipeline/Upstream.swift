import Atomics
package import Resilience
package import Routing
package import Veto

/// A candidate, and all that a request has to know of it: made once with the
/// settings, so that requests refer to it and copy nothing.
package final class Upstream: Sendable {
    package let candidate: Candidate
    /// `provider/model`.
    package let id: String
    /// Nil where it isn't in service.
    let provider: Provider?
    /// The place under which its failures are remembered; nil where the
    /// candidate isn't in service.
    package let place: Target?
    let meters: CandidateInstruments
    /// The names under which the durations of its streams and of its whole
    /// answers are kept: whole answers take longer than the beginning of a
    /// stream.
    let streamClock: String
    let wholeClock: String
    /// Found at the first request: the settings are made ready before there is
    /// a gateway.
    private let known = ManagedAtomicLazyReference<CandidatePermit>()

    /// - Parameter route: The route's name; empty where the caller named the
    ///   provider.
    init(_ candidate: Candidate, on route: String, _ providers: [String: Provider], _ instruments: Instruments) {
        self.candidate = candidate
        id = candidate.id
        provider = providers[candidate.provider]
        place = provider?.place(of: candidate.model)
        meters = instruments.meters(of: candidate, on: route)
        streamClock = "\(route)\n\(candidate.id)\nstream"
        wholeClock = "\(route)\n\(candidate.id)\nwhole"
    }

    /// The candidate's permit, by which suspensions know it.
    func permit(in book: PermitBook) -> CandidatePermit {
        if let known = known.load() { return known }
        return known.storeIfNilThenLoad(book.permit(of: candidate.suspensionSubject, provider))
    }
}

extension Upstream {
    /// The candidate as suspensions find it now.
    var suspensionSubject: SuspensionSubject { candidate.suspensionSubject.with(provider?.weights) }
}

extension Candidate {
    /// As suspensions find it, without its weights.
    package var suspensionSubject: SuspensionSubject {
        SuspensionSubject(id: id, lab: lab, host: host, region: region)
    }
}
