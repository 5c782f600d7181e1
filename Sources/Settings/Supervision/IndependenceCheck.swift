package import Routing
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

    /// All models that a supervisor stands over: one for each provider and maker,
    /// at the strictest level that covers it.
    package static func all(of providers: [ProviderSettings], _ routes: [Route]) -> [SupervisedPrimary] {
        providers.flatMap { provider in
            var levels: [String?: SupervisionPolicy.Level] = [provider.lab: provider.supervision]
            for level in provider.supervisedModels.values {
                levels[provider.lab] = max(levels[provider.lab] ?? .off, level)
            }
            for route in routes {
                for candidate in route.candidates where candidate.provider == provider.name {
                    let level = max(route.policy.supervision.level, candidate.supervision)
                    levels[candidate.lab] = max(levels[candidate.lab] ?? .off, level)
                }
            }
            return levels.filter { $0.value != .off }.sorted { ($0.key ?? "") < ($1.key ?? "") }
                .map { SupervisedPrimary(provider, lab: $0.key, level: $0.value) }
        }
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
/// start. That a primary's lab is missing is told by ``SupervisionCheck``.
struct IndependenceCheck {
    /// The whole file.
    let file: Section

    /// - Parameter names: of all providers, right or wrong.
    func check(_ engine: SupervisorEngine, over primaries: [SupervisedPrimary], names: [String]) {
        let place = file.named("supervision")?.place("engine") ?? file.position
        let rule = Independence(of: engine.origin { $0 })
        var told: Set<Independence.Breach> = []
        for primary in primaries {
            for breach in rule.breaches(with: primary.origin { $0 }, isRequired: primary.level == .required) {
                if case .unknownLab = breach { continue }
                if told.insert(breach).inserted { file.notes.error(place, breach.description) }
            }
        }
        if names.contains(SupervisorEngine.name) {
            file.notes.error(
                file.named("providers")?.place(SupervisorEngine.name) ?? place,
                "no provider may be named \(SupervisorEngine.name) beside supervision.engine, which has that name in "
                    + "receipts and records")
        }
    }
}
