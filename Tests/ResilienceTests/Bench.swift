import Failures
import Resilience

/// A book on a manual clock.
final class Bench {
    let book = HealthBook()
    var tick: Duration = .seconds(1000)
    var now: Moment { Moment(tick: tick, unix: 1_700_000_000 + Int(tick.components.seconds)) }

    static func place(_ model: String = "m", host: String = "h", credential: String = "k") -> Place {
        Place(provider: host, host: host, credential: credential, model: model)
    }

    @discardableResult func fail(
        _ cause: Cause, _ scope: Scope, evidence: Evidence? = nil, retryAfter: Duration? = nil,
        at place: Place = place(),
        everAnswered: Bool = true
    ) -> [HealthChange]? {
        guard let permit = book.enter(place, now: now) else { return nil }
        let verdict = Verdict(cause, scope, evidence: evidence, retryAfter: retryAfter, rule: "test", words: "no")
        return book.failed(
            permit, verdict, status: 400, streams: true, everAnswered: everAnswered, now: now)
    }

    func isFree(_ place: Place = place()) -> Bool { book.standing(of: place, now: now) == .free }
}

/// Repeatable randomness: https://prng.di.unimi.it/splitmix64.c
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
