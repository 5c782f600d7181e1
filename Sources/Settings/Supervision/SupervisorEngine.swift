/// `supervision: {engine}`: the second model, which stands over primaries and
/// is none of them.
package struct SupervisorEngine: Sendable, Hashable {
    /// `model_file`: its weights, as `holdfast supervisor install` makes them.
    package var modelFile: String
    /// `signed`: the signatures of the weights, for the role `supervisor`.
    /// Nothing that isn't signed judges.
    package var signed: SignedWeights
    /// `lab`: the maker of the model; nil where the file doesn't say.
    package var lab: String?
    /// `engine`, else the file's top-level `engine`.
    package var program: EngineProvider.Program
    /// `custody`, else the file's top-level `custody`.
    package var custody: EngineProvider.Custody
    /// `start_timeout`: the longest time that loading may take; 30 s by default.
    package var startTimeout: Duration

    package init(
        modelFile: String, signed: SignedWeights, lab: String?, program: EngineProvider.Program,
        custody: EngineProvider.Custody, startTimeout: Duration = .seconds(30)
    ) {
        self.modelFile = modelFile
        self.signed = signed
        self.lab = lab
        self.program = program
        self.custody = custody
        self.startTimeout = startTimeout
    }

    /// The name by which its process, its receipts and the events of its
    /// custody are known. No provider may have it.
    package static let name = "supervisor"
}
