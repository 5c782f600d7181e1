import Failures
package import Resilience
package import Storage

extension StoredHold {
    package init(_ hold: Hold) {
        self.init(
            id: hold.id, cause: hold.ground.rawValue, scope: hold.scope.rawValue, host: hold.host,
            credential: hold.credential, model: hold.model, provider: hold.provider,
            firmness: hold.firmness.rawValue, origin: hold.origin.rawValue, name: hold.name, since: hold.since,
            words: hold.words, rule: hold.rule, status: hold.status, acknowledgedBy: hold.acknowledgedBy,
            reason: hold.reason)
    }

    package init(_ back: ReturnedHold) {
        self.init(back.hold)
        returned = back.since
        returnedByHand = back.isByHand
        drilled = back.drilled.sorted().joined(separator: "\n")
    }

    /// Nil where it holds, or as with ``hold``.
    package var returnedHold: ReturnedHold? {
        guard let returned, let hold else { return nil }
        return ReturnedHold(
            hold: hold, since: returned, isByHand: returnedByHand,
            drilled: Set(drilled.split(separator: "\n").map(String.init)))
    }

    /// Nil if a newer Holdfast wrote words that this one doesn't know.
    package var hold: Hold? {
        guard let written = HoldGround(rawValue: cause), let scope = Scope(rawValue: scope),
            let firmness = Hold.Firmness(rawValue: firmness), let origin = Hold.Origin(rawValue: origin)
        else { return nil }
        // Versions before this one wrote an administrator's hold as a
        // withdrawal.
        let ground = origin == .administrator ? HoldGround.byHand : written
        return Hold(
            id: id, ground: ground, scope: scope, host: host, credential: credential, model: model, provider: provider,
            firmness: firmness, origin: origin, name: ground == .byHand ? ground.rawValue : name, since: since,
            words: words, rule: rule, status: status, acknowledgedBy: acknowledgedBy, reason: reason)
    }
}
