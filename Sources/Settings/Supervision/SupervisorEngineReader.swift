/// Reads `engine` of the section `supervision`.
struct SupervisorEngineReader {
    let notes: Notes
    let folder: String

    private static let keys = ["model_file", "signed", "lab", "engine", "custody", "start_timeout"]

    /// - Parameters:
    ///   - supervision: the section.
    ///   - program: the file's own engine.
    ///   - custody: the file's own `custody`.
    /// - Returns: Nil where there is none, or where it can't be used, which is
    ///   noted.
    func read(
        _ supervision: Section, program: EngineProvider.Program, custody: EngineProvider.Custody
    ) -> SupervisorEngine? {
        guard let section = supervision.section("engine", keys: Self.keys) else { return nil }
        let own: EngineProvider.Custody? = section.choice("custody")
        let ownProgram = EngineReader(notes: notes, folder: folder, section: section).program()
        let startTimeout = section.positiveDuration("start_timeout")
        let lab = section.string("lab")
        guard section.node("model_file") != nil else {
            notes.error(section.position, "\(section.name) needs a model_file; `holdfast supervisor install` makes one")
            return nil
        }
        guard let modelFile = section.path(of: "model_file", in: folder, absence: .warning) else { return nil }
        guard section.node("signed") != nil else {
            notes.error(
                section.position,
                "\(section.name) needs signed: {keys: FILE}; a supervisor's weights are signed for that role, and "
                    + "`holdfast supervisor install` signs them")
            return nil
        }
        guard let signed = SignedReader(notes: notes, folder: folder, modelFile: modelFile).read(section) else {
            return nil
        }
        return SupervisorEngine(
            modelFile: modelFile, signed: signed, lab: lab, program: ownProgram ?? program, custody: own ?? custody,
            startTimeout: startTimeout ?? .seconds(30))
    }
}
