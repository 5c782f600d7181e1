/// A model as far as its independence from another counts.
package struct ModelOrigin: Sendable, Hashable {
    /// The name in the settings, for messages.
    package var name: String
    /// The maker of the model; nil where the settings don't say.
    package var lab: String?
    /// Digests or paths of its weights: two models that share one are one.
    package var weights: Set<String>
    /// The keys, or the certificates, of those who may sign it.
    package var publishers: Set<String>
    /// The keys of the custodians who may put it into service.
    package var custodians: Set<String>

    package init(
        name: String, lab: String?, weights: Set<String> = [], publishers: Set<String> = [],
        custodians: Set<String> = []
    ) {
        self.name = name
        self.lab = lab
        self.weights = weights
        self.publishers = publishers
        self.custodians = custodians
    }
}

/// The rule that a supervisor shares no fate with what it stands over: whoever
/// made, signed or released the one must have no hand in the other.
package struct Independence: Sendable {
    package let supervisor: ModelOrigin

    package init(of supervisor: ModelOrigin) { self.supervisor = supervisor }

    package enum Breach: Sendable, Hashable, CustomStringConvertible {
        case sameWeights(primary: String)
        case sharedSigner(primary: String)
        case sameLab(primary: String, lab: String)
        /// Nothing is known of who made the primary.
        case unknownLab(primary: String)
        /// Nothing is known of who made the supervisor.
        case supervisorUnknown

        package var description: String {
            switch self {
            case .sameWeights(let primary):
                "the supervisor has the weights of \(primary), and would judge itself; give it another model, such as "
                    + "the one of `holdfast supervisor install`"
            case .sharedSigner(let primary):
                "a key that may sign the supervisor's weights may sign those of \(primary), too; whoever holds it "
                    + "could replace both: sign one of them with other keys"
            case .sameLab(let primary, let lab):
                "the supervisor and \(primary) are both of lab \(lab); whatever went wrong there is in both: choose a "
                    + "supervisor of another lab"
            case .unknownLab(let primary):
                "providers.\(primary) says nothing of its lab, and is under `supervision: required`; add the line "
                    + "`lab: NAME` to it, with the maker of its models"
            case .supervisorUnknown:
                "the supervisor's engine says nothing of its lab, and stands over a model under `supervision: "
                    + "required`; add the line `lab: NAME` to supervision.engine, with the maker of its model"
            }
        }
    }

    /// Everything by which the supervisor depends on a primary.
    ///
    /// - Parameter isRequired: True where the primary may not serve without a
    ///   verdict: both labs have to be known then.
    package func breaches(with primary: ModelOrigin, isRequired: Bool) -> [Breach] {
        var found: [Breach] = []
        if !supervisor.weights.isDisjoint(with: primary.weights) { found.append(.sameWeights(primary: primary.name)) }
        // Also across the two: a publisher of one who is a custodian of the
        // other has a hand in both.
        let own = supervisor.publishers.union(supervisor.custodians)
        if !own.isDisjoint(with: primary.publishers.union(primary.custodians)) {
            found.append(.sharedSigner(primary: primary.name))
        }
        switch (supervisor.lab, primary.lab) {
        case (let one?, let other?):
            if one.lowercased() == other.lowercased() { found.append(.sameLab(primary: primary.name, lab: other)) }
        case (nil, _) where isRequired: found.append(.supervisorUnknown)
        case (_, nil) where isRequired: found.append(.unknownLab(primary: primary.name))
        default: break
        }
        return found
    }
}
