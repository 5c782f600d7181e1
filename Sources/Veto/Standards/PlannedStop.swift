/// A suspension that a standard will order at a known date, unless its breach is
/// averted before.
package struct PlannedStop: Sendable, Hashable {
    /// The time before the date at which callers are warned of it: 30 days, in
    /// seconds.
    package static let notice = 30 * 86_400

    package var place: StandardPlace
    /// The date, in seconds since 1970.
    package var stops: Int

    package init(place: StandardPlace, stops: Int) {
        self.place = place
        self.stops = stops
    }

    /// The moment from which callers are warned, in seconds since 1970.
    package var since: Int { stops.subtractingSaturating(Self.notice) }

    /// True where it stops this candidate's answers on a route.
    /// - Parameter route: nil where the caller named a provider.
    package func covers(_ candidate: SuspensionSubject, on route: String?) -> Bool {
        place.scope.covers(candidate) || place.scope.covers(key: "", route: route)
    }
}
