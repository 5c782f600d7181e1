/// A hold that has been lifted, on routes that don't let their candidate
/// serve again at once.
package struct ReturnedHold: Sendable, Hashable {
    package var hold: Hold
    /// When it was lifted, in seconds since 1970.
    package var since: Int
    /// An administrator lifted it, or gave the provider another key; else it
    /// was a probe.
    package var isByHand: Bool
    /// The routes on which a drill has passed since.
    package var drilled: Set<String>

    package init(hold: Hold, since: Int, isByHand: Bool, drilled: Set<String> = []) {
        self.hold = hold
        self.since = since
        self.isByHand = isByHand
        self.drilled = drilled
    }
}

/// The event that a candidate waits for after its hold has been lifted.
package enum AwaitedReturn: Sendable, Hashable {
    /// An administrator.
    case hand
    /// A drill that passes on the route.
    case drill(route: String)
}

extension HealthMachine {
    /// Returns whether the hold of something at this place has been lifted, and
    /// a route still waits for `awaited`.
    func isAwaiting(_ awaited: AwaitedReturn, at place: Target) -> Bool {
        for reach in FailureScope.all(of: place) {
            for ground in HoldGround.standing {
                guard let back = returned[HoldKey(reach: reach, ground: ground)] else { continue }
                switch awaited {
                case .hand: if !back.isByHand { return true }
                case .drill(let route): if !back.drilled.contains(route) { return true }
                }
            }
        }
        return false
    }

    /// The one that lifts a hold.
    enum Lifter {
        /// The model or host that was on hold has answered.
        case itself(String)
        case hand(String)
        /// The hold had no effect any more.
        case nobody(String)
    }

    mutating func lift(_ key: HoldKey, by lifter: Lifter, _ now: Moment) -> [HealthChange] {
        guard let hold = records.removeValue(forKey: key)?.hold else { return [] }
        let by =
            switch lifter {
            case .itself(let by), .hand(let by), .nobody(let by): by
            }
        var changes = [HealthChange.lifted(hold, by: by)]
        // What was provisional turned out to be a false alarm.
        guard keepsReturns, hold.isPersistent, hold.firmness == .lasting else { return changes }
        var isByHand = false
        switch lifter {
        case .nobody: return changes
        case .hand: isByHand = true
        case .itself: break
        }
        let back = ReturnedHold(hold: hold, since: now.unix, isByHand: isByHand)
        returned[key] = back
        changes.append(.returned(back))
        return changes
    }

    /// An administrator lets a candidate that is back serve at once.
    mutating func release(_ id: String, by: String) -> [HealthChange]? {
        guard let (key, back) = returned.first(where: { $0.value.hold.id == id }) else { return nil }
        returned[key] = nil
        return [.released(back, by: by)]
    }

    /// A drill has passed on a route with candidates at these places.
    mutating func passedDrill(on route: String, _ places: [Target]) -> [HealthChange] {
        var changes: [HealthChange] = []
        for place in places {
            for reach in FailureScope.all(of: place) {
                for ground in HoldGround.standing {
                    let key = HoldKey(reach: reach, ground: ground)
                    guard returned[key]?.drilled.insert(route).inserted == true, let back = returned[key] else {
                        continue
                    }
                    changes.append(.returned(back))
                }
            }
        }
        return changes
    }

    mutating func remembered(_ returned: [ReturnedHold]) {
        for back in returned {
            guard let reach = FailureScope(back.hold) else { continue }
            let key = HoldKey(reach: reach, ground: back.hold.ground)
            if records[key] == nil { self.returned[key] = back }
        }
    }
}
