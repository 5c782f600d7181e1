package import Resilience
package import Routing

/// A candidate, and all that a request has to know of it: made once with the
/// settings, so that requests refer to it and copy nothing.
package final class Upstream: Sendable {
    package let candidate: Candidate
    /// `provider/model`.
    package let id: String
    /// Nil where it isn't in service.
    let provider: Provider?
    /// Where memory of its failures is kept; nil where it isn't in service.
    package let place: Place?
    let meters: CandidateInstruments
    /// What the times of its streams are kept under, and those of its whole
    /// answers: these take longer than the beginning of a stream.
    let streamClock: String
    let wholeClock: String

    /// - Parameter route: its name; empty where the caller named the provider.
    init(_ candidate: Candidate, on route: String, _ providers: [String: Provider], _ instruments: Instruments) {
        self.candidate = candidate
        id = candidate.id
        provider = providers[candidate.provider]
        place = provider?.place(of: candidate.model)
        meters = instruments.meters(of: candidate, on: route)
        streamClock = "\(route)\n\(candidate.id)\nstream"
        wholeClock = "\(route)\n\(candidate.id)\nwhole"
    }
}
