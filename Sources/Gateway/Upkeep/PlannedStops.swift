import Routing
import Synchronization
package import Veto

/// The suspensions that standards will order at known dates: answers of what
/// they cover say so beforehand.
package final class PlannedStops: Sendable {
    private let known = Mutex<[PlannedStop]>([])
    private let isEmptyFlag = Atomic<Bool>(true)

    package init() {}

    /// One atomic load, which is all that a request pays while nothing is
    /// planned.
    package var isEmpty: Bool { isEmptyFlag.load(ordering: .acquiring) }

    /// - Parameter stops: all of them, the nearest first.
    package func replace(_ stops: [PlannedStop]) {
        known.withLock { $0 = stops }
        isEmptyFlag.store(stops.isEmpty, ordering: .releasing)
    }

    /// All of them, the nearest first.
    package var all: [PlannedStop] { isEmpty ? [] : known.withLock { $0 } }

    /// The nearest one that covers a candidate.
    /// - Parameter route: nil where the caller named a provider.
    package func first(of candidate: SuspensionSubject, on route: String?) -> PlannedStop? {
        isEmpty ? nil : known.withLock { $0.first { $0.covers(candidate, on: route) } }
    }
}

/// The announced end of what a candidate serves: its retirement, or the date
/// from which a standard stops it, whichever comes first.
struct AnnouncedEnd: Sendable, Hashable {
    /// In seconds since 1970.
    var ends: Int
    /// In seconds since 1970; never later than the end.
    var deprecated: Int
    /// The name of a route, or `provider/model`; nil where nothing takes its
    /// place.
    var successor: String?
    /// True where it is a standard's date, which counts also where the provider
    /// announces a later one.
    var isOfStandard: Bool

    /// - Returns: nil where none is announced.
    init?(of candidate: Candidate, _ stop: PlannedStop?) {
        let retires = candidate.retires.flatMap { $0 >= 0 ? $0 : nil }
        if let stop, stop.stops < retires ?? .max {
            ends = stop.stops
            deprecated = min(candidate.deprecated ?? .max, stop.since)
            isOfStandard = true
        } else if let retires {
            ends = retires
            // Nothing may be retired before it is deprecated.
            deprecated = candidate.deprecated ?? retires
            isOfStandard = false
        } else {
            return nil
        }
        successor = candidate.successor
    }
}

extension RequestContext {
    /// The announced end of what a candidate serves on this request's route; nil
    /// where none is announced.
    func announcedEnd(of upstream: Upstream) -> AnnouncedEnd? {
        let planned = continuity.planned
        guard upstream.candidate.retires != nil || !planned.isEmpty else { return nil }
        let route = record.route
        let stop = planned.first(of: upstream.suspensionSubject, on: route)
        guard var end = AnnouncedEnd(of: upstream.candidate, stop) else { return nil }
        if end.isOfStandard, end.successor == nil {
            // The candidate that will be asked once this one is stopped.
            end.successor =
                upstreams.first { other in
                    guard other.id != upstream.id, other.provider != nil, other.candidate.unavailable == nil else {
                        return false
                    }
                    let its = AnnouncedEnd(of: other.candidate, planned.first(of: other.suspensionSubject, on: route))
                    return (its?.ends ?? .max) > end.ends
                }?.id
        }
        return end
    }
}
