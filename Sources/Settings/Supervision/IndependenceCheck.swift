import Routing
package import Supervision

/// A provider's models under supervision.
package struct SupervisedPrimary: Sendable {
    package var provider: ProviderSettings
    /// The maker of the models: the candidate's, else the provider's.
    package var lab: String?
    package var level: SupervisionPolicy.Level

    package init(_ provider: ProviderSettings, lab: String?, level: SupervisionPolicy.Level) {
        self.provider = provider
        self.lab = lab
        self.level = level
    }

    /// - Parameter identity: the identity of a file's content, e.g. of a key.
    package func origin(_ identity: (String) -> String) -> ModelOrigin {
        guard case .engine(let engine) = provider.kind else { return ModelOrigin(name: provider.name, lab: lab) }
        return ModelOrigin(
            name: provider.name, lab: lab, weights: [engine.modelFile],
            publishers: engine.signed.publishers(identity), custodians: engine.signed.custodians(identity))
    }
}

extension SupervisorEngine {
    /// - Parameter identity: the identity of a file's content, e.g. of a key.
    package func origin(_ identity: (String) -> String) -> ModelOrigin {
        let signed: SignedWeights? = signed
        return ModelOrigin(
            name: Self.name, lab: lab, weights: [modelFile], publishers: signed.publishers(identity),
            custodians: signed.custodians(identity))
    }
}

extension SignedWeights? {
    fileprivate func publishers(_ identity: (String) -> String) -> Set<String> {
        Set((self?.keys ?? []).map(identity) + (self?.roots ?? []).map(identity))
    }

    fileprivate func custodians(_ identity: (String) -> String) -> Set<String> {
        Set((self?.terms?.custodians ?? []).map(identity))
    }
}

/// Refuses settings under which a supervisor shares its fate with what it
/// stands over, as far as their words tell; what files hold is compared at the
/// start.
struct IndependenceCheck {
    let notes: Notes

    /// - Parameters:
    ///   - section: `supervision`.
    ///   - place: the place of a provider in the file.
    func check(
        _ engine: SupervisorEngine, _ section: Section, over primaries: [SupervisedPrimary],
        place: (String) -> Position?
    ) {
        let rule = Independence(of: engine.origin { $0 })
        var told: Set<Independence.Breach> = []
        for primary in primaries where primary.level != .off {
            let breaches = rule.breaches(with: primary.origin { $0 }, isRequired: primary.level == .required)
            for breach in breaches where told.insert(breach).inserted {
                let position = if case .unknownLab(let name) = breach { place(name) } else { section.place("engine") }
                notes.error(position ?? section.position, breach.description)
            }
        }
        for primary in primaries where primary.provider.name == SupervisorEngine.name {
            notes.error(
                place(primary.provider.name) ?? section.position,
                "no provider may be named \(SupervisorEngine.name) beside supervision.engine, which has that name in "
                    + "receipts and records")
        }
    }
}
