import Signing
import WeightFiles
import HoldfastServer
import Access
import ArgumentParser
import Settings
import Storage
import StorageSQLite
import WeightSigning

/// A custody statement to be checked, and for what the model is wanted.
struct CustodyOptions: ParsableArguments {
    @Option(help: "The custody statement.", completion: .file()) var custody: String?
    @Option(help: "A custodian's public key (PEM); give all of them.", completion: .file()) var custodian: [String] = []
    @Option(help: "How many custodians must have signed.") var threshold = CustodyKeys.least
    @Option(help: "What the model is wanted for: primary, supervisor or adapter.") var role = CustodyRole.primary
    @Option(help: "The name by which Holdfast knows the model.") var modelID: String?
    @Option(
        name: .customLong("config"),
        help: "The settings, whose Holdfast remembers which statements were in force. [default: none is remembered]",
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    func validate() throws {
        guard custody == nil || (modelID != nil && !custodian.isEmpty) else {
            throw ValidationError("--custody needs --model-id and the custodians' keys, --custodian FILE each")
        }
        guard custody != nil || (modelID == nil && custodian.isEmpty) else {
            throw ValidationError("--model-id and --custodian go with --custody")
        }
    }

    var files: [String] { custody.map { [$0] } ?? [] }

    /// - Returns: nil where no statement is given.
    func granted(_ manifest: ModelManifest) async throws -> CustodyGrant? {
        guard let custody, let modelID else { return nil }
        let remembered = try remembered(modelID)
        return try await told { () async throws(SigningProblem) in
            let keys = try CustodyKeys(try SignatureOptions.keys(custodian), threshold: threshold)
            let statement = try CustodyStatement(try SmallFile.read(custody, most: CustodyStatement.mostBytes))
            let demand = CustodyDemand(
                model: modelID, role: role, root: manifest.root, now: UnixTime.now.seconds, remembered: remembered)
            return try statement.granted(demand, by: keys)
        }
    }

    private func remembered(_ model: String) throws -> CustodyEpoch? {
        guard let config, let settings = try ConfigOption.read(config).settings else { return nil }
        do throws(StorageError) {
            return try SQLiteReader(directory: settings.dataDirectory).custodyEpoch(model: model, role: role.rawValue)
                .map { CustodyEpoch(number: UInt64($0.epoch), statement: $0.statement) }
        } catch {
            complain("holdfast: \(error.message)")
            throw ExitStatus.noInput.exit
        }
    }
}

extension CustodyRole: ExpressibleByArgument {}
