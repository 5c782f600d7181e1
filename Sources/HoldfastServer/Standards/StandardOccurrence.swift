package import Veto

/// A change of a standard's standing, with what its readers need to know
/// beside it.
package struct StandardOccurrence: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The grace runs.
        case breached
        /// The grace is over, and nothing is suspended.
        case warned
        case suspends
        /// Met again for long enough: its suspension passes the gate.
        case returns
        /// Met again for long enough, and its suspension waits for people.
        case needsPeople = "needs-people"
        case met
        /// The evidence can't be had.
        case unknown
    }

    package var kind: Kind
    package var place: StandardPlace
    /// Nil where the standard is no longer in the file.
    package var check: StandardCheck.Kind?
    /// The consequence of a breach, as it counts.
    package var consequence: Standard.Breach?
    package var verdict: StandardVerdict?
    /// The suspension that it is about; nil where there is none, or where it
    /// has no number yet.
    package var number: Int?
    /// For people; empty where nothing is to be added.
    package var remark = ""

    package init(_ kind: Kind, _ place: StandardPlace, verdict: StandardVerdict? = nil, number: Int? = nil) {
        self.kind = kind
        self.place = place
        self.verdict = verdict
        self.number = number
    }

    /// - Parameters:
    ///   - standards: the file as it was judged by.
    ///   - maySuspend: false where nothing can be suspended, so that an order
    ///     is a warning.
    package init(_ event: StandardEvent, _ standards: [Standard], maySuspend: Bool) {
        switch event {
        case .breached(let place, let verdict, _): self.init(.breached, place, verdict: verdict)
        case .warned(let place, let verdict, let warning):
            self.init(.warned, place, verdict: verdict)
            remark = warning.text
        case .order(_, let place, let verdict):
            self.init(maySuspend ? .suspends : .warned, place, verdict: verdict)
            if !maySuspend { remark = "nothing can be suspended here" }
        case .return(let number, let place): self.init(.returns, place, number: number)
        case .needsPeople(let number, let place, let because):
            self.init(.needsPeople, place, number: number)
            if because == .flapping { remark = "it has returned by itself as often as it may in a day" }
        case .recovered(let place, let verdict): self.init(.met, place, verdict: verdict)
        case .unknown(let place, let verdict): self.init(.unknown, place, verdict: verdict)
        }
        let standard = standards.first { $0.id == place.standard }
        check = standard?.check.kind
        consequence = standard?.consequence
    }
}
