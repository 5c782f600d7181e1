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
