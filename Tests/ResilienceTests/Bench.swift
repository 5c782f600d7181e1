import Failures
import Resilience

/// A book on a manual clock.
final class Bench {
    let book = HealthBook()
    var tick: Duration = .seconds(1000)
    var now: Moment { Moment(tick: tick, unix: 1_700_000_000 + Int(tick.components.seconds)) }

    static func place(_ model: String = "m", host: String = "h", credential: String = "k") -> Target {
        Target(provider: host, host: host, credential: credential, model: model)
    }

    /// Reports a failure.
    /// - Returns: The changes; nil where the place is not free.
    @discardableResult func fail(
        _ cause: Cause, _ scope: Scope, evidence: Evidence? = nil, retryAfter: Duration? = nil,
        basis: Verdict.Basis = .code, status: Int = 404, at place: Target = place(), everAnswered: Bool = true,
        key: String = "key", request: Int = 1, mayProbe: Bool = true, isKnown: Bool = true
    ) -> HealthNews? {
        guard let permit = book.enter(place, for: key, now: now) else { return nil }
        return book.failed(
            permit,
            report(
                cause, scope, evidence: evidence, retryAfter: retryAfter, basis: basis, status: status,
                everAnswered: everAnswered, key: key, request: request, mayProbe: mayProbe, isKnown: isKnown), now: now)
    }

    func report(
        _ cause: Cause, _ scope: Scope, evidence: Evidence? = nil, retryAfter: Duration? = nil,
        basis: Verdict.Basis = .code, status: Int = 404, everAnswered: Bool = true, key: String = "key",
        request: Int = 1, mayProbe: Bool = true, isKnown: Bool = true
    ) -> FailureReport {
        let verdict = Verdict(
            cause, scope, evidence: evidence, retryAfter: retryAfter, rule: "test", words: "no", basis: basis,
            status: status, blamesRequest: [400, 422].contains(status))
        var report = FailureReport(Judgement(verdict, memory: verdict), status: status, probe: .stream)
        report.everAnswered = everAnswered
        report.mark = RequestMark(key: key, digest: request)
        report.mayProbe = mayProbe
        report.isKnownModel = isKnown
        return report
    }

    /// Reports the next due probe.
    @discardableResult func probe(_ result: ProbeResult) -> [HealthChange]? {
        book.dueProbes(now: now).first.map { book.probed($0, result, now: now) }
    }

    func isFree(_ place: Target = place(), for key: String = "key") -> Bool {
        book.standing(of: place, for: key, now: now) == .free
    }

    static func refusal(_ cause: Cause, _ scope: Scope) -> ProbeResult {
        .failed(
            Verdict(cause, scope, evidence: cause == .withdrawn ? .explicit : nil, rule: "test", words: "gone"),
            status: 404)
    }
}
