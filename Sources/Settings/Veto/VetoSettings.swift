/// `veto`: suspensions, and the way back from them.
package struct VetoSettings: Sendable, Hashable {
    /// The fate of a suspension that no second person ratifies in time.
    package enum Unratified: String, Sendable, Hashable, CaseIterable {
        /// The suspension remains, and an alarm says so.
        case stands
        /// The suspension is over.
        case lapses
    }

    /// `veto.half_open`: the last step before a suspension is over.
    package struct HalfOpen: Sendable, Hashable {
        /// `percent`: the share of the requests that is let through; 10 by
        /// default.
        package var percent = 10
        /// `for`: the time for which it has to go well; 60 s by default.
        package var time = Duration.seconds(60)

        package init() {}
    }

    /// `unratified`: stands by default.
    package var unratified = Unratified.stands
    /// `ratify_within`: 24 h by default.
    package var ratifyWithin = Duration.seconds(86_400)
    /// `half_open`
    package var halfOpen = HalfOpen()
    /// `drain`: the time that running requests have under `--drain`, where the
    /// order says none; 30 s by default.
    package var drain = Duration.seconds(30)
    /// The folder of orders and statements: `veto` in the folder that `data`
    /// names, or else in `.holdfast` beside the settings.
    package var spool: String

    package init(spool: String) { self.spool = spool }
}
