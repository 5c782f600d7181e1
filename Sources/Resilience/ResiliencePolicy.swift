/// The limits that say how quickly failures are believed, and how long they are
/// remembered.
package struct ResiliencePolicy: Sendable, Hashable {
    /// So many failures in a row open a breaker.
    package var failuresInARow = 3
    /// So does this share of the results in `window`, if there are at least
    /// `fewestResults`.
    package var failureShare = 0.5
    package var fewestResults = 10
    package var window: Duration = .seconds(30)
    /// The time for which a breaker is open at first; doubles with each trial
    /// that fails.
    package var firstOpen: Duration = .seconds(2)
    /// Well below 30 s, so that who flaps is back within that.
    package var longestOpen: Duration = .seconds(15)
    /// A breaker that opens again so soon goes on doubling.
    package var relapse: Duration = .seconds(30)
    /// After that a trial that nobody reported on is another's.
    package var trialLease: Duration = .seconds(60)
    /// A closed breaker without a failure for so long is forgotten.
    package var forgetFailures: Duration = .seconds(60)
    /// So is an open one that nobody has asked for since it was due.
    package var forgetIdle: Duration = .seconds(600)

    /// A candidate without a failure for so long is taken to be well: a quick
    /// one is then a chance event, and worth another try there.
    package var recently: Duration = .seconds(60)

    /// The wait after a 429 that names none; doubles with each further one.
    package var firstThrottle: Duration = .seconds(1)
    package var longestThrottle: Duration = .seconds(60)
    /// The longest wait that a provider is believed.
    package var longestRetryAfter: Duration = .seconds(900)
    /// A longer wait is probed after so long, and again each time.
    package var waitProbes: Duration = .seconds(60)
    /// The time after a wait during which the doubling is remembered.
    package var forgetThrottle: Duration = .seconds(120)

    /// Before each probe of a provisional hold; the first confirms it.
    package var provisionalProbes: [Duration] = [
        .zero, .seconds(60), .seconds(300), .seconds(900), .seconds(1800),
    ]
    /// Before each probe of an exhausted account or a bad key.
    package var accountProbes: [Duration] = [.seconds(60), .seconds(300), .seconds(900), .seconds(1800)]
    /// Before each probe of what is denied.
    package var deniedProbes: [Duration] = [.seconds(1800)]
    /// Before each look at a confirmed withdrawal, which lifts nothing.
    package var looks: [Duration] = [.seconds(86_400)]
    /// After that a probe that nobody reported on is due again.
    package var probeLease: Duration = .seconds(60)
    /// From one probe's beginning to the next one's at the same place.
    package var probePause: Duration = .seconds(5)
    /// After that a confirming probe is inconclusive.
    package var confirmingPatience: Duration = .seconds(5)
    /// The same for the probes that follow.
    package var laterPatience: Duration = .seconds(30)

    /// The time for which a provisional hold lasts where no probe may confirm
    /// it.
    package var unprobedHold: Duration = .seconds(60)
    /// Within that two callers' requests confirm each other there.
    package var sightingWindow: Duration = .seconds(600)

    /// The time after a contradicted hold during which a provider's words alone
    /// start no hold; doubles with each further one.
    package var firstDoubt: Duration = .seconds(600)
    package var longestDoubt: Duration = .seconds(3600)
    /// So many keys' requests, each contradicted, are reported as flapping
    /// within that time.
    package var flappingKeys = 3
    package var flappingWindow: Duration = .seconds(600)

    /// Repeats, as a share of the requests of the last minute.
    package var repeatShare = 0.2
    /// Repeats a minute that are always allowed.
    package var fewestRepeats = 10

    /// Holds are bounded: past this the oldest provisional one gives way.
    package var mostHolds = 4096

    package init() {}
}
