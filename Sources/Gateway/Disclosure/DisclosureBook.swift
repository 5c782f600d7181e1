package import Conversation
package import Extraction
import Synchronization

/// The account of everything that hosted models have disclosed: shared by all
/// requests, and kept across reloads and restarts.
package final class DisclosureBook: Sendable {
    private let recovery: Mutex<RecoveryMeter>
    private let egress: Mutex<EgressMeter>
    private let keeper: any DisclosureKeeper
    private let clock: @Sendable () -> Int

    /// - Parameter clock: seconds since 1970.
    package init(
        recovery: RecoveryMeter = RecoveryMeter(), egress: EgressMeter = EgressMeter(),
        keeper: any DisclosureKeeper = ForgetfulDisclosureKeeper(), clock: @escaping @Sendable () -> Int
    ) {
        self.recovery = Mutex(recovery)
        self.egress = Mutex(egress)
        self.keeper = keeper
        self.clock = clock
    }

    // MARK: Egress

    /// - Throws: ``APIProblem`` while the day's budget of answers is used up.
    func checkEgress(of model: HostedModel) throws(APIProblem) {
        if let wait = wait(of: model) { throw .egressUsedUp(model.name, wait: wait) }
    }

    /// Seconds until answers may leave again; nil while they may.
    func wait(of model: HostedModel) -> Int? {
        guard model.egressPerDay != nil else { return nil }
        let now = clock()
        return egress.withLock { $0.wait(of: model, at: now) }
    }

    /// - Parameter isWhole: True for a whole answer, which isn't sent at all
    ///   where it doesn't fit.
    /// - Returns: True when the bytes may be sent.
    func spend(_ bytes: Int, of model: HostedModel, isWhole: Bool) -> Bool {
        let now = clock()
        var alarms: [EgressMeter.Alarm] = []
        let goesOut = egress.withLock { egress in
            egress.spend(bytes, of: model, isWhole: isWhole, at: now, alarms: &alarms)
        }
        for alarm in alarms { keeper.alarm(alarm) }
        return goesOut
    }

    /// Returns the bytes that have left a model today.
    package func egress(of model: HostedModel) -> Int {
        let now = clock()
        return egress.withLock { $0.bytes(of: model, at: now) }
    }

    /// The changes since a keeper took them last: from now on they are the
    /// keeper's to write, however often the disk refuses.
    package func takeEgressChanges() -> [String: EgressMeter.Day] { egress.withLock { $0.takeChanges() } }

    // MARK: Recovery

    /// - Throws: ``APIProblem`` where so much may not be learnt (any more).
    func check(_ measurement: Measurement, tokens: Int, by subjects: [Subject], of model: HostedModel)
        throws(APIProblem)
    {
        let refusal = recovery.withLock { recovery in
            recovery.refusal(
                measurement.values(tokens: tokens), least: measurement.values(tokens: 1), by: subjects, of: model)
        }
        if let refusal { throw APIProblem(refusal, measurement, tokens: tokens, model) }
    }

    /// Sets aside what a request may learn, and has it remembered before the
    /// request goes on: a process that is killed while it learns has told it
    /// all.
    /// - Throws: ``APIProblem`` as ``check(_:tokens:by:of:)`` does.
    func reserve(
        _ measurement: Measurement, tokens: Int, by subjects: [Subject], of model: HostedModel
    ) async throws(APIProblem) -> RecoveryMeter.Reservation {
        var ticket: KeeperTicket?
        // Handed to the keeper under the lock: the last word on an account has
        // to be the last that is written. Rare: few keys may measure at all.
        let result = recovery.withLock { recovery -> Result<RecoveryMeter.Reservation, RecoveryMeter.Refusal> in
            let result = recovery.reserve(
                measurement.values(tokens: tokens), least: measurement.values(tokens: 1), by: subjects, of: model)
            if case .success(let reservation) = result { ticket = keep(reservation.accounts, recovery) }
            return result
        }
        if let ticket { await keeper.untilDurable(ticket) }
        switch result {
        case .success(let reservation): return reservation
        case .failure(let refusal): throw APIProblem(refusal, measurement, tokens: tokens, model)
        }
    }

    func settle(_ reservation: RecoveryMeter.Reservation, learnt: Int, of model: HostedModel) {
        var alarms: [RecoveryMeter.Alarm] = []
        recovery.withLock { recovery in
            recovery.settle(reservation, learnt: learnt, of: model, alarms: &alarms)
            keep(reservation.accounts, recovery)
        }
        for alarm in alarms { keeper.alarm(alarm) }
    }

    @discardableResult
    private func keep(_ accounts: [RecoveryMeter.Account], _ recovery: borrowing RecoveryMeter) -> KeeperTicket? {
        keeper.keep(accounts.map { ($0, recovery.standing(of: $0)) })
    }

    /// The number of values that each subject has learnt of each model's
    /// weights.
    package var learnt: [RecoveryMeter.Account: Int] { recovery.withLock { $0.accounts } }

    /// Sets a subject's account back to nothing, on a person's decision.
    /// - Returns: True when the subject had learnt anything.
    package func forgive(_ subject: Subject) -> Bool {
        recovery.withLock { recovery in
            let accounts = recovery.forgive(subject)
            keep(accounts, recovery)
            return !accounts.isEmpty
        }
    }
}

/// The keeper of disclosures that must survive a restart. Must not block.
package protocol DisclosureKeeper: Sendable {
    /// Takes the standings of accounts; zero is nothing to remember.
    /// - Returns: a ticket where a request has to wait for the disk.
    func keep(_ standings: [(account: RecoveryMeter.Account, values: Int)]) -> KeeperTicket?
    /// Returns when the standings of a ticket are on disk, or a short while is
    /// over.
    func untilDurable(_ ticket: KeeperTicket) async
    func alarm(_ alarm: RecoveryMeter.Alarm)
    func alarm(_ alarm: EgressMeter.Alarm)
}

/// Keeps and tells nothing.
package struct ForgetfulDisclosureKeeper: DisclosureKeeper {
    package init() {}
    package func keep(_ standings: [(account: RecoveryMeter.Account, values: Int)]) -> KeeperTicket? { nil }
    package func untilDurable(_ ticket: KeeperTicket) async {}
    package func alarm(_ alarm: RecoveryMeter.Alarm) {}
    package func alarm(_ alarm: EgressMeter.Alarm) {}
}
