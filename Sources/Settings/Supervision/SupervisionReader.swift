import Conversation
import Routing

/// Reads the top-level `supervision`.
struct SupervisionReader {
    /// All keys of the section, in the order of the documentation.
    static let keys = ["constitution", "deadline", "total", "waiting", "models", "engine"]

    let file: Section
    let folder: String

    private var section: Section? { file.section("supervision", keys: Self.keys) }

    /// - Parameters:
    ///   - program: the file's own engine.
    ///   - custody: the file's own `custody`.
    func read(program: EngineProvider.Program, custody: EngineProvider.Custody) -> SupervisionSettings {
        var settings = SupervisionSettings()
        guard let section else { return settings }
        settings.engine = SupervisorEngineReader(notes: file.notes, folder: folder).read(
            section, program: program, custody: custody)
        settings.constitutionFile = section.path(of: "constitution", in: folder, absence: .error)
        if let deadline = section.duration("deadline") {
            if deadline < .milliseconds(10) || deadline > .seconds(60) {
                section.error("deadline", "must be from 10ms to 60s: callers wait for it")
            }
            settings.deadline = deadline
        }
        settings.total = max(settings.total, settings.deadline)
        if let total = section.duration("total") {
            if total < settings.deadline || total > .seconds(600) {
                section.error("total", "must be at least the deadline, and at most 10m: callers wait for it")
            }
            settings.total = total
        }
        settings.waiting = section.integer("waiting", in: 1...65_536) ?? settings.waiting
        return settings
    }

    /// `models`: the level of each `provider/model`, by provider and model.
    ///
    /// Read before the providers, so that candidates are made with it.
    func levels() -> [String: [String: SupervisionPolicy.Level]] {
        var levels: [String: [String: SupervisionPolicy.Level]] = [:]
        for (entry, provider, model) in Self.models(file) {
            guard
                let level: SupervisionPolicy.Level = file.section("supervision", keys: Self.keys)?.named("models")?
                    .choice(entry.key)
            else { continue }
            levels[provider, default: [:]][model] = level
        }
        return levels
    }

    /// The entries of `models` with their names in two parts; others are noted.
    static func models(_ file: Section) -> [(entry: DocumentNode.Entry, provider: String, model: String)] {
        guard let models = file.section("supervision", keys: keys)?.named("models") else { return [] }
        return models.entries.compactMap { entry in
            guard let slash = entry.key.firstIndex(of: "/"), slash != entry.key.startIndex,
                entry.key.index(after: slash) != entry.key.endIndex
            else {
                models.notes.error(
                    entry.position, "\(models.path(shortened(entry.key))) must be named by provider/model")
                return nil
            }
            guard models.node(entry.key) != nil else {
                models.notes.error(entry.position, "\(models.path(entry.key)) needs a level: required, shadow or off")
                return nil
            }
            return (entry, String(entry.key[..<slash]), String(entry.key[entry.key.index(after: slash)...]))
        }
    }
}

/// Reads what a route says of its supervisor.
struct RouteSupervisionReader {
    static let keys = ["supervision", "unseen", "window", "hold", "blocks"]

    private enum Telling: String, CaseIterable { case clause, nothing }

    let route: Section

    func read() -> SupervisionPolicy {
        var policy = SupervisionPolicy()
        policy.level = route.choice("supervision") ?? policy.level
        policy.unseen = route.choice("unseen") ?? policy.unseen
        policy.hold = route.choice("hold") ?? policy.hold
        if let window = route.section("window", keys: ["text", "wait"]) {
            policy.windowText = window.integer("text", in: 16...100_000) ?? policy.windowText
            if let wait = window.positiveDuration("wait") {
                if wait > .seconds(30) { window.error("wait", "must be at most 30s: callers see nothing for so long") }
                policy.windowWait = wait
            }
        }
        let telling: Telling? = route.section("blocks", keys: ["tell"])?.choice("tell")
        policy.namesClause = telling != .nothing
        return policy
    }
}
