import Encodings

/// The judgement of each check by its facts. Pure; all times are seconds since
/// 1970 unless said otherwise.
package enum StandardRules {
    private static let notHosted = "it is not hosted here"

    package static func weights(_ facts: HostedFacts?, at now: Int) -> StandardVerdict {
        guard let facts else { return unknown(notHosted, now) }
        switch facts.weights {
        case .quarantined(let since):
            return breached("its weights changed in memory twice, at last at \(day(since))", since)
        case .changed(let since) where (facts.receipt?.time ?? 0) <= since:
            return breached("its weights changed in memory at \(day(since)), and are not verified anew yet", since)
        case .changed, .trusted: break
        }
        if let refusal = facts.refusal { return breached("its weights were refused: \(refusal)", now) }
        guard let receipt = facts.receipt else { return unknown("no engine has loaded it", now) }
        return met("verified as \(receipt.id)", receipt.time)
    }

    package static func receipt(_ facts: HostedFacts?, within: Int?, at now: Int) -> StandardVerdict {
        guard let facts else { return unknown(notHosted, now) }
        guard let receipt = facts.receipt else {
            if case .failed(let reason) = facts.engine { return breached("no receipt: \(reason)", now) }
            return unknown("no engine has loaded it", now)
        }
        if let name = receipt.missing.first {
            let more = receipt.missing.count > 1 ? " (and \(receipt.missing.count - 1) more)" : ""
            return breached("\(receipt.id) lacks the protection \"\(name)\"\(more)", receipt.time)
        }
        guard receipt.isScrubbedWhole else {
            return breached("\(receipt.id): scrubbing does not cover all of the weights", receipt.time)
        }
        let age = max(0, now.subtractingSaturating(receipt.time))
        if let within, age > within {
            return breached("\(receipt.id) is \(span(age)) old, and may be \(span(within))", receipt.time)
        }
        return met("\(receipt.id) is complete", receipt.time)
    }

    package static func epoch(_ facts: HostedFacts?, at now: Int) -> StandardVerdict {
        guard let facts else { return unknown(notHosted, now) }
        guard let receipt = facts.receipt else { return unknown("no engine has loaded it", now) }
        switch facts.epoch {
        case .none: return unknown("the settings ask for no custody statement", now)
        case .unverified: return breached("the custody statement in place does not verify", now)
        case .newest(let newest):
            guard let epoch = receipt.epoch else {
                return breached("\(receipt.id) has no epoch, and the statement has \(newest)", now)
            }
            return epoch == newest
                ? met("epoch \(epoch) is the newest", now)
                : breached("\(receipt.id) has epoch \(epoch), and the statement in place has \(newest)", now)
        }
    }

    package static func supervisor(_ facts: SupervisorFacts, at now: Int) -> StandardVerdict {
        if let shared = facts.shared.first { return breached(shared, now) }
        guard facts.isWanted else { return met("nothing here is supervised", now) }
        if facts.isDown { return breached("it gives no verdicts", now) }
        switch facts.engine {
        case .failed(let reason): return breached("its engine is down: \(reason)", now)
        case .stopped: return breached("its engine is stopped", now)
        case .starting: return unknown("its engine is starting", now)
        case .ready, nil: return met("independent, and gives verdicts", now)
        }
    }

    package static func extractionGuard(_ facts: HostedFacts?, at now: Int) -> StandardVerdict {
        guard let facts else { return unknown(notHosted, now) }
        return facts.isGuarded
            ? met("answers and measurements are limited", now)
            : breached("what it tells of itself is not limited", now)
    }

    /// - Parameter time: as the boot clock says it, too.
    package static func engine(_ facts: HostedFacts?, restarts: Int, over: Int, at time: VetoTime) -> StandardVerdict {
        guard let facts else { return unknown(notHosted, time.wall) }
        let recent = facts.restarts.count { time.seconds(since: $0) < over }
        guard recent <= restarts else {
            return breached("restarted \(recent) times within \(span(over)), and \(restarts) are the most", time.wall)
        }
        switch facts.engine {
        case .ready: return met(recent == 0 ? "ready" : "ready, restarted \(recent) times", time.wall)
        case .starting where facts.restarts.isEmpty: return unknown("it is starting", time.wall)
        case .starting: return breached("it is starting again", time.wall)
        case .stopped: return breached("it is stopped", time.wall)
        case .failed(let reason): return breached("it is down: \(reason)", time.wall)
        }
    }

    /// - Parameter drills: those of what the standard is about, in any order.
    package static func drill(_ drills: [DrillFacts], within: Int, at now: Int) -> StandardVerdict {
        let passed = drills.filter(\.hasPassed).max { $0.time < $1.time }
        let newest = drills.max { $0.time < $1.time }
        guard let newest else { return breached("it was never drilled", now) }
        guard let passed else { return breached("no drill has passed; the last was \(newest.id)", newest.time) }
        let age = max(0, now.subtractingSaturating(passed.time))
        guard age <= within else {
            return breached("the last drill that passed, \(passed.id), was \(span(age)) ago", passed.time)
        }
        return met("\(passed.id) passed", passed.time)
    }

    package static func availability(
        _ facts: AnsweredFacts, floor: Double, least: Int, at now: Int
    ) -> StandardVerdict {
        let word = facts.source == .traffic ? "requests" : "requests of Holdfast's own"
        guard facts.requests >= max(1, least) else {
            return unknown("\(facts.requests) \(word), and \(max(1, least)) are needed", facts.newest ?? now)
        }
        let share = Double(facts.answered) / Double(facts.requests)
        let text = "\(facts.answered) of \(facts.requests) \(word) were answered"
        return share >= floor ? met(text, facts.newest ?? now) : breached(text, facts.newest ?? now)
    }

    package static func document(_ document: StandardDocument, _ facts: DocumentFacts, at now: Int) -> StandardVerdict {
        let name = "\(document.name) (\(document.kind.rawValue))"
        switch facts {
        case .missing: return breached("\(name) is not on file", now)
        case .unreadable(let reason): return unknown("\(name) can't be read: \(reason)", now)
        case .onFile(_, bytes: 0): return breached("\(name) is empty", now)
        case .onFile(let sha256, _):
            if let wanted = document.sha256, wanted != sha256 {
                return breached("\(name) is another file than the one that was named", now)
            }
            let isValid = now < document.until
            return StandardVerdict(
                isValid ? .met : .breached,
                isValid
                    ? "\(name) is valid until \(day(document.until)), SHA-256 \(sha256.prefix(16))…"
                    : "\(name) ended at \(day(document.until))", seen: now, until: document.until)
        }
    }

    /// - Parameter drills: all that are known: a successor is drilled where it
    ///   has stood in for the model in a drill that has passed.
    package static func retirement(
        of model: String, _ facts: RetirementFacts?, drills: [DrillFacts], within: Int, at now: Int
    ) -> StandardVerdict {
        guard let facts else { return met("no retirement is announced", now) }
        let left = facts.retires.subtractingSaturating(now)
        let when = left <= 0 ? "it was retired at \(day(facts.retires))" : "it retires at \(day(facts.retires))"
        let proof = facts.successor.flatMap { successor in
            drills.first { drill in
                drill.hasPassed && drill.pulled == model
                    && (drill.route == successor || !facts.successors.isDisjoint(with: drill.stoodIn))
            }
        }
        // Until then a successor may still be named and drilled.
        let until = proof == nil ? facts.retires.subtractingSaturating(within) : nil
        guard left <= within else { return StandardVerdict(.met, when, seen: now, until: until) }
        guard let successor = facts.successor else {
            return StandardVerdict(.breached, "\(when), and no successor is named", seen: now, until: until)
        }
        guard let proof else {
            return StandardVerdict(
                .breached, "\(when), and no drill has shown that \(successor) takes over", seen: now, until: until)
        }
        return met("\(when); \(proof.id) has shown that \(successor) takes over", proof.time)
    }

    package static func canary(_ facts: CanaryFacts, at now: Int) -> StandardVerdict {
        switch facts {
        case .none(let reason): unknown(reason, now)
        case .answered(true, let time): met("it answered as expected", time)
        case .answered(false, let time): breached("it did not answer as expected", time)
        }
    }

    // MARK: Words

    private static func met(_ evidence: String, _ seen: Int) -> StandardVerdict {
        StandardVerdict(.met, evidence, seen: seen)
    }

    private static func breached(_ evidence: String, _ seen: Int) -> StandardVerdict {
        StandardVerdict(.breached, evidence, seen: seen)
    }

    private static func unknown(_ evidence: String, _ seen: Int) -> StandardVerdict {
        StandardVerdict(.unknown, evidence, seen: seen)
    }

    private static func day(_ seconds: Int) -> String { Timestamp.text(seconds: seconds) }

    /// `45 s`, `5 min`, `3 h`, `12 days`.
    private static func span(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) days"
        }
    }
}
