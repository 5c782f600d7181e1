/// The account of how many of the values that recover a model's last layer each
/// subject has learnt. Pure: no clock, no lock, nothing on disk.
///
/// Before a request is sent to the model, the most that it may learn is
/// reserved, so that many requests at once learn no more than one after the
/// other; the part that it didn't learn is given back. Nothing is forgotten
/// with time, because the layer stays the same.
package struct RecoveryMeter: Sendable {
    package struct Account: Sendable, Hashable {
        package var subject: Subject
        package var weights: String

        package init(_ subject: Subject, _ weights: String) {
            self.subject = subject
            self.weights = weights
        }
    }

    /// The values that a request under way may learn.
    package struct Reservation: Sendable, Hashable {
        package let values: Int
        package let accounts: [Account]
    }

    package enum Refusal: Error, Sendable, Hashable {
        /// The permission has ended.
        case ended(Subject)
        /// So many values are left, and the request could learn more.
        case tooMany(Subject, left: Int)
        /// Enough is left, and other requests hold it for now.
        case busy(Subject)
    }

    /// Something that an operator has to know, once.
    package struct Alarm: Sendable, Hashable {
        package var subject: Subject
        package var model: String
        package var spent: Int
        package var limit: Int
        /// False at half of it.
        package var hasEnded: Bool

        package init(subject: Subject, model: String, spent: Int, limit: Int, hasEnded: Bool) {
            self.subject = subject
            self.model = model
            self.spent = spent
            self.limit = limit
            self.hasEnded = hasEnded
        }
    }

    private var spent: [Account: Int]
    private var reserved: [Account: Int] = [:]
    private var told: Set<Account> = []
    private var toldHalf: Set<Account> = []

    package init(spent: [Account: Int] = [:]) { self.spent = spent }

    /// Returns the value to store for an account: reserved values count as
    /// spent, in case the process is killed.
    package func standing(of account: Account) -> Int { (spent[account] ?? 0) + (reserved[account] ?? 0) }

    package var accounts: [Account: Int] { spent }

    /// Returns the reason why a request may not learn so many values; nil if it
    /// may.
    /// - Parameter least: The number of values that one token counts as.
    package func refusal(_ values: Int, least: Int, by subjects: [Subject], of model: HostedModel) -> Refusal? {
        for subject in subjects {
            let account = Account(subject, model.weights)
            let left = model.limit(of: subject) - (spent[account] ?? 0)
            guard left >= max(1, least) else { return .ended(subject) }
            guard left >= values else { return .tooMany(subject, left: left) }
            guard left - (reserved[account] ?? 0) >= values else { return .busy(subject) }
        }
        return nil
    }

    /// Reserves values for a request.
    /// - Parameter least: The number of values that one token counts as.
    package mutating func reserve(
        _ values: Int, least: Int, by subjects: [Subject], of model: HostedModel
    ) -> Result<Reservation, Refusal> {
        if let refusal = refusal(values, least: least, by: subjects, of: model) { return .failure(refusal) }
        let accounts = subjects.map { Account($0, model.weights) }
        for account in accounts { reserved[account, default: 0] += values }
        return .success(Reservation(values: values, accounts: accounts))
    }

    /// The request is over.
    /// - Parameter learnt: counts up to what was reserved: no more was told.
    package mutating func settle(
        _ reservation: Reservation, learnt: Int, of model: HostedModel, alarms: inout [Alarm]
    ) {
        let learnt = max(0, min(learnt, reservation.values))
        for account in reservation.accounts {
            let rest = (reserved[account] ?? 0) - reservation.values
            reserved[account] = rest > 0 ? rest : nil
            guard learnt > 0 else { continue }
            spent[account, default: 0] += learnt
            alarm(account, of: model, into: &alarms)
        }
    }

    private mutating func alarm(_ account: Account, of model: HostedModel, into alarms: inout [Alarm]) {
        let limit = model.limit(of: account.subject)
        let spent = spent[account] ?? 0
        var alarm = Alarm(
            subject: account.subject, model: model.name, spent: spent, limit: limit, hasEnded: false)
        // Less than a token with five alternatives is as good as nothing.
        if spent + QueryRules.mostAlternatives > limit {
            alarm.hasEnded = true
            if told.insert(account).inserted { alarms.append(alarm) }
        } else if spent * 2 >= limit {
            if toldHalf.insert(account).inserted { alarms.append(alarm) }
        }
    }

    /// Sets a subject's accounts back to nothing, on a person's decision.
    /// - Returns: The subject's accounts.
    package mutating func forgive(_ subject: Subject) -> [Account] {
        let accounts = spent.keys.filter { $0.subject == subject }
        for account in accounts {
            spent[account] = nil
            told.remove(account)
            toldHalf.remove(account)
        }
        return Array(accounts)
    }
}
