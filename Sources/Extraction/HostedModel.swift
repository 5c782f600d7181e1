/// A model that Holdfast hosts, as far as it is to be kept from callers.
package struct HostedModel: Sendable, Hashable {
    /// As alarms and messages call it.
    package var name: String
    /// The key of its meters: the same weights under two names have one budget.
    package var weights: String
    package var cost: RecoveryCost
    /// Of the cost, what one key may spend, and what all keys of a tenant may.
    package var shares: RecoveryShares
    /// The most bytes of answers a day; nil is without a limit.
    package var egressPerDay: Int?

    package init(
        name: String, weights: String, hiddenSize: Int?, shares: RecoveryShares = RecoveryShares(),
        egressPerDay: Int? = nil
    ) {
        self.name = name
        self.weights = weights
        cost = RecoveryCost(hiddenSize: hiddenSize)
        self.shares = shares
        self.egressPerDay = egressPerDay
    }

    /// The most values that may be told to a subject.
    package func limit(of subject: Subject) -> Int {
        switch subject {
        case .key: cost.values(part: shares.perKey)
        case .tenant: cost.values(part: shares.perTenant)
        }
    }
}

/// Parts of ``RecoveryCost/values``, from 0 to 1.
package struct RecoveryShares: Sendable, Hashable {
    package var perKey: Double
    package var perTenant: Double

    package init(perKey: Double = 0.05, perTenant: Double = 0.1) {
        self.perKey = perKey
        self.perTenant = perTenant
    }
}

/// The holder of an account in the meters: values that its requests learn are
/// added up.
package enum Subject: Sendable, Hashable {
    case key(String)
    /// The keys without a tenant are one, too: ten of them learn no more than
    /// one.
    case tenant(String)

    package var text: String {
        switch self {
        case .key(let id): "key:\(id)"
        case .tenant(let name): "tenant:\(name)"
        }
    }

    /// Nil for what ``text`` doesn't give.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch parts.first {
        case "key" where parts.count == 2: self = .key(String(parts[1]))
        case "tenant" where parts.count == 2: self = .tenant(String(parts[1]))
        default: return nil
        }
    }
}
