/// Reads what is special to a model that Holdfast hosts, and the file's own
/// `engine`.
struct EngineReader {
    let notes: Notes
    let folder: String
    /// The section of a provider, or the whole file.
    let section: Section

    func read(
        context: Int, program: EngineProvider.Program, custody: EngineProvider.Custody
    ) -> EngineProvider? {
        guard section.node("model_file") != nil else {
            notes.error(section.position, "\(section.name) needs a model_file")
            return nil
        }
        let parallel = section.integer("parallel", in: 1...256)
        let embeddings: EngineProvider.Pooling? = section.choice("embeddings")
        let startTimeout = section.duration("start_timeout")
        let own = self.program()
        let ownCustody: EngineProvider.Custody? = section.choice("custody")
        let key = weightsKey()
        let scrub = scrub()
        guard let modelFile = section.path(of: "model_file", in: folder, absence: .warning) else { return nil }
        return EngineProvider(
            modelFile: modelFile, context: context, parallel: parallel ?? 4, embeddings: embeddings,
            program: own ?? program, startTimeout: startTimeout ?? .seconds(120),
            custody: ownCustody ?? custody,
            signed: SignedReader(notes: notes, folder: folder, modelFile: modelFile).read(section), weightsKey: key,
            scrub: scrub, egress: section.egress(),
            logprobShares: section.logprobShares())
    }

    /// `scrub`: nil is off.
    private func scrub() -> Double? {
        guard section.node("scrub") != nil else { return 0.01 }
        let share: Double?? = section.value("scrub", "must be off or a share of a core from 0.1% to 100%, such as 1%") {
            if $0 == "off" { return .some(nil) }
            guard $0.hasSuffix("%"), let percent = Double($0.dropLast()), (0.1...100).contains(percent) else {
                return nil
            }
            return .some(percent / 100)
        }
        return share ?? 0.01
    }

    /// `weights_key: {file:}`, `{command:}` or `{descriptor:}`: never the key
    /// itself.
    private func weightsKey() -> EngineProvider.WeightsKey? {
        guard let section = section.section("weights_key", keys: ["file", "command", "descriptor"]) else { return nil }
        let given = ["file", "command", "descriptor"].filter { section.node($0) != nil }
        guard given.count == 1 else {
            notes.error(section.position, "\(section.name) needs one of file, command and descriptor")
            return nil
        }
        switch given[0] {
        case "file": return section.path(of: "file", in: folder, absence: .warning).map { .file($0) }
        case "command":
            let words = section.list("command")?.map(\.value) ?? []
            guard let program = words.first, !program.isEmpty else {
                section.error("command", "is empty; give a list: the program, then its arguments")
                return nil
            }
            return .command([located(program)] + words.dropFirst())
        default: return section.string("descriptor").map { .descriptor(variable: $0) }
        }
    }

    /// `engine: {python:}` or `{command:}` of the file or of a provider.
    func program() -> EngineProvider.Program? {
        guard let section = section.section("engine", keys: ["python", "command"]) else { return nil }
        if section.node("python") != nil, section.node("command") != nil {
            section.error("command", "and python exclude each other: python is for Holdfast's own launcher")
            return nil
        }
        if let python = section.string("python") { return .launcher(python: located(python)) }
        guard let texts = section.list("command") else { return nil }
        // A single text is split at its spaces; who needs more writes a list.
        var words = texts.map(\.value)
        if words.count == 1 { words = words[0].split(separator: " ").map(String.init) }
        guard let program = words.first, !program.isEmpty else {
            section.error("command", "is empty")
            return nil
        }
        return .command([located(program)] + words.dropFirst())
    }

    /// A bare name is looked up on PATH, so only paths are joined.
    private func located(_ program: String) -> String {
        program.contains("/") ? resolved(program, in: folder) : program
    }
}
