import Atomics
import Veto

/// The permit of one candidate, as the settings describe it. Shared by all that
/// ask it.
final class CandidatePermit: AtomicReference, Sendable {
    /// Without the weights' name and epoch, which change while it lives.
    private let named: SuspensionSubject
    private let provider: Provider?
    private let facts: PermitFacts

    init(_ subject: SuspensionSubject, _ provider: Provider?, _ facts: PermitFacts) {
        named = subject
        self.provider = provider
        self.facts = facts
    }

    /// `provider/model`.
    var id: String { named.id }
    /// The last tick at which something was allowed; 0 where nothing was.
    var last: ManagedAtomic<UInt64> { facts.last }
    /// True while its grant is on record.
    var isGranted: ManagedAtomic<Bool> { facts.isGranted }
    /// True while its denial is on record.
    var isDenied: ManagedAtomic<Bool> { facts.isDenied }
    /// The candidate as suspensions find it now.
    var subject: SuspensionSubject { named.with(provider?.weights) }

    func isOf(_ subject: SuspensionSubject, _ provider: Provider?) -> Bool {
        named == subject && self.provider === provider
    }
}

/// The facts that all permits of one `provider/model` share, whatever settings
/// they come from.
final class PermitFacts: Sendable {
    let last = ManagedAtomic<UInt64>(0)
    let isGranted: ManagedAtomic<Bool>
    let isDenied: ManagedAtomic<Bool>

    /// - Parameter isTooMany: true for a candidate of which nothing goes on
    ///   record.
    init(isTooMany: Bool = false) {
        isGranted = ManagedAtomic(isTooMany)
        isDenied = ManagedAtomic(isTooMany)
    }
}

extension SuspensionSubject {
    func with(_ weights: WeightsInService?) -> SuspensionSubject {
        guard let weights else { return self }
        var subject = self
        subject.weights = weights.name
        subject.epoch = weights.epoch
        return subject
    }
}
