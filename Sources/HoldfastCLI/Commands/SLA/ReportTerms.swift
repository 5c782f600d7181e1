import HoldfastServer
import Availability
import Files
import Routing
import Settings

extension MonthReport.Terms {
    /// Reads the contracts, places and objectives from the settings.
    ///
    /// - Throws: an exit code, after the reason has been printed.
    init(_ settings: Settings) throws {
        self.init()
        usual = try ContractFile.templates.map { try ContractFile.loaded($0.name).contract }
        for provider in settings.providers {
            placements[provider.name] = Placement(provider)
            if let reference = provider.contract {
                contracts[provider.name] = try ContractFile.loaded(reference).contract
            }
        }
        for route in settings.routes { objectives[route.name] = route.policy.objectives.availability }
    }
}

extension ContractFile {
    /// - Throws: an exit code, after the reason has been printed.
    static func loaded(_ reference: String) throws -> ContractFile {
        let file: ContractFile?
        let problems: [SettingsIssue]
        do throws(FileFault) {
            (file, problems) = try load(reference)
        } catch {
            complain("holdfast: \(error)")
            throw ExitStatus.noInput.exit
        }
        for problem in problems { complain(problem.description) }
        guard let file else { throw ExitStatus.config.exit }
        return file
    }
}
