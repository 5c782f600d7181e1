import Files
import Routing
package import Settings
package import Supervision

extension SupervisionService.Policy {
    /// Reads the constitution that the settings name.
    /// - Parameter second: the second model; nil where there is none.
    /// - Throws: ``StartupError`` for a constitution that can't be read or is
    ///   broken: nothing is supervised by half of one.
    package init(_ settings: SupervisionSettings, second: (any SecondStage)? = nil) throws(StartupError) {
        let (file, problems): (ConstitutionFile?, [SettingsIssue])
        do throws(FileFault) {
            (file, problems) = try ConstitutionFile.load(settings.constitutionFile)
        } catch {
            throw StartupError(.missingFile, "supervision.constitution: \(error)")
        }
        guard let file else {
            let first = problems.first.map { "\($0)" } ?? settings.constitutionFile ?? ""
            throw StartupError(
                .configuration,
                "the constitution is broken, and nothing is served unsupervised for that: \(first); `holdfast check` and "
                    + "`holdfast constitution check` show all of it")
        }
        let weights = [FirstStage.digest] + (second.map { [$0.digest] } ?? [])
        self.init(
            Cascade(
                file.constitution, classifier: FirstStage.shared, hasSecondStage: second != nil,
                advisory: second?.advisory ?? []),
            PolicyDigest(constitution: file.digest, weights: weights), second: second, deadline: settings.deadline,
            inAll: settings.total)
    }
}

extension Settings {
    /// True where a route, a provider or a model is supervised, or shadowed.
    package var supervises: Bool {
        routes.contains { $0.policy.supervision.level != .off }
            || providers.contains { provider in
                provider.supervision != .off || provider.supervisedModels.values.contains { $0 != .off }
            }
    }

    /// True where something is supervised, or a constitution named.
    var hasSupervisionPolicy: Bool { supervises || supervision.constitutionFile != nil }

    /// The policy that these settings want; nil where nothing is supervised
    /// and no constitution named.
    /// - Throws: As ``SupervisionService/Policy/init(_:second:)``.
    func supervisionPolicy(second: (any SecondStage)?) throws(StartupError) -> SupervisionService.Policy? {
        guard hasSupervisionPolicy else { return nil }
        return try SupervisionService.Policy(supervision, second: second)
    }
}
