package import Access
import Routing

/// The result of reading a settings file: the settings if there were no errors, and in any case every problem, in the
/// order of the file.
package struct SettingsReading: Sendable {
    /// Nil if there is at least one error.
    package var settings: Settings?
    /// Errors and warnings, sorted by line.
    package var problems: [SettingsIssue]

    /// The problems that prevent the use of the file.
    package var errors: [SettingsIssue] { problems.filter { $0.severity == .error } }
    /// The problems that its owner should know of.
    package var warnings: [SettingsIssue] { problems.filter { $0.severity == .warning } }
}

extension Settings {
    /// Reads settings from the bytes of a file. Pure: `${NAME}` is looked up in `environment`, and the disk is not
    /// read.
    ///
    /// - Parameters:
    ///   - file: the name of the file in messages; relative paths in it start from its folder.
    ///   - isReadable: returns whether a certificate or a model that the file names exists and can be read.
    ///   - othersCanRead: returns whether every user of the machine can read a file.
    ///   - now: the time by which dates are checked; nil if they are not to be checked.
    package static func read(
        _ bytes: [UInt8], file: String, environment: [String: String],
        isReadable: @escaping (String) -> Bool = { _ in true },
        othersCanRead: @escaping (String) -> Bool = { _ in false }, now: UnixTime? = nil
    ) -> SettingsReading {
        let notes = Notes(
            file: file, environment: environment, isReadable: isReadable, othersCanRead: othersCanRead, now: now)
        let (root, problems) = Composer(file: file).compose(bytes)
        notes.add(problems)
        guard let root else { return SettingsReading(settings: nil, problems: notes.sorted) }
        guard !root.isNull else {
            notes.add([
                SettingsIssue(file: file, message: "the file is empty; `holdfast check --help` shows what belongs in")
            ]
            )
            return SettingsReading(settings: nil, problems: notes.sorted)
        }
        let settings = SettingsReader(notes: notes, folder: folder(of: file)).read(root)
        return SettingsReading(settings: notes.errorCount == 0 ? settings : nil, problems: notes.sorted)
    }
}

/// Reads the top level of a settings file.
struct SettingsReader {
    let notes: Notes
    let folder: String

    func read(_ root: DocumentNode) -> Settings? {
        guard let file = Section(root, name: "", keys: SettingsSection.all.map(\.name), notes: notes) else {
            return nil
        }
        let listen = address(file, "listen") ?? ListenAddress(host: "127.0.0.1", port: 8080)
        let admin = address(file, "admin")
        if let admin, admin == listen, admin.port != 0 {
            file.error("admin", "and listen are both \(listen); they are two listeners")
        }
        let providers = ProviderReader(notes: notes, folder: folder, defaults: file).read()
        let routes = RouteReader(notes: notes, providers: providers).read(file)
        let ledger = ledger(file)
        for route in routes where route.policy.recordsBeforeAnswer && ledger?.kinds.contains(.requests) != true {
            let section = file.named("routes")
            notes.error(
                section?.place(route.name) ?? file.position,
                "routes.\(route.name).record is before-answer, and requests are not put on record; add `ledger: {name: …}`"
                    + (ledger == nil ? "" : " with requests among its `record`"))
        }
        SupervisionCheck(file: file, providers: providers, routes: routes).check()
        let supervision = SupervisionReader(file: file, folder: folder).read(
            program: EngineReader(notes: notes, folder: folder, section: file).program() ?? .launcher(python: nil),
            custody: file.choice("custody") ?? .bestEffort)
        if let engine = supervision.engine {
            IndependenceCheck(file: file).check(
                engine, over: SupervisedPrimary.all(of: providers.usable, routes), names: providers.names)
        }
        FirstDayCheck(notes: notes, root: root, folder: folder).check(
            admin: admin, providers: providers, routes: routes)
        let telling = TellingReader(file: file)
        let alerts = telling.alerts()
        NotifyReader(file: file).check(routes, webhooks: alerts.webhooks)
        return Settings(
            file: notes.file, listen: listen, tls: tls(file), admin: admin,
            keys: keys(file, listeners: [("listen", listen), ("admin", admin)]),
            origins: OriginReader(file: file).origins(), hosts: OriginReader(file: file).hosts(),
            providers: providers.usable,
            routes: routes, aliases: RouteReader.aliases(file), limits: limits(file), log: log(file),
            metrics: metrics(file, hasAdmin: file.node("admin") != nil), dataDirectory: dataDirectory(file),
            runDirectory: runDirectory(file), ledger: ledger, statusPage: telling.statusPage(),
            webhooks: alerts.webhooks,
            alertPeriod: alerts.period, instance: alerts.instance ?? "\(listen)",
            link: alerts.link ?? "\(file.node("tls") == nil ? "http" : "https")://\(listen)/status",
            supervision: supervision, veto: VetoReader(file: file, spool: spool(file)).read(),
            standardsFile: file.path(of: "standards", in: folder, absence: .error))
    }

    private func spool(_ file: Section) -> String {
        let data = dataDirectory(file)
        let usual = resolved(".holdfast/data", in: folder)
        return data == usual ? resolved(".holdfast/veto", in: folder) : data + "/veto"
    }

    private func dataDirectory(_ file: Section) -> String {
        let given = file.section("data", keys: ["directory"])?.string("directory")
        return resolved(given ?? ".holdfast/data", in: folder)
    }

    private func runDirectory(_ file: Section) -> String? {
        guard let section = file.section("run", keys: ["directory"]), let given = section.string("directory") else {
            return nil
        }
        let path = resolved(given, in: folder)
        // Sockets of engines lie in it, whose paths have 107 bytes at most.
        if path.utf8.count > 70 {
            section.error(
                "directory", "is \(path.utf8.count) bytes long; a path of at most 70 bytes leaves room for sockets")
        }
        return path
    }

    private func ledger(_ file: Section) -> LedgerSettings? {
        let known = ["name", "directory", "record", "when_full", "serve", "witnesses", "policy"]
        guard let section = file.section("ledger", keys: known) else { return nil }
        let name = section.string("name") ?? ""
        if name.isEmpty || name.contains(where: { $0.isWhitespace || $0 == "+" }) {
            section.error("name", "must name the log, without spaces or plus signs, such as ledger.example.com")
        }
        let directory = section.string("directory").map { resolved($0, in: folder) } ?? dataDirectory(file) + "/ledger"
        var ledger = LedgerSettings(name: name, directory: directory)
        if let kinds = section.list("record")?.map(\.value) {
            ledger.kinds = []
            for word in kinds {
                guard let kind = LedgerSettings.Kind(rawValue: word) else {
                    let known = LedgerSettings.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                    section.error("record", "has \(shortened(word)); it may list \(known)")
                    continue
                }
                ledger.kinds.insert(kind)
            }
        }
        if let word: LedgerSettings.WhenFull = section.choice("when_full") { ledger.whenFull = word }
        ledger.isServed = section.flag("serve") ?? true
        ledger.witnesses = WitnessReader(notes: notes).read(section)
        ledger.policyFile = section.path(of: "policy", in: folder, absence: .error)
        return ledger
    }

    private func address(_ file: Section, _ key: String) -> ListenAddress? {
        file.value(key, "must be an address and a port such as 127.0.0.1:8080") { ListenAddress($0) }
    }

    private func tls(_ file: Section) -> TLSFiles? {
        guard let section = file.section("tls", keys: ["cert", "key", "minimum"]) else { return nil }
        guard section.node("cert") != nil, section.node("key") != nil else {
            notes.error(section.position, "tls needs both cert and key")
            return nil
        }
        guard let certificate = section.path(of: "cert", in: folder, absence: .error),
            let key = section.path(of: "key", in: folder, absence: .error)
        else { return nil }
        return TLSFiles(certificate: certificate, key: key, minimum: section.choice("minimum") ?? .v12)
    }

    private func keys(_ file: Section, listeners: [(name: String, address: ListenAddress?)]) -> KeysSetting {
        func inFile(_ path: String, _ serverKey: String? = nil) -> KeysSetting {
            .file(path, serverKey: serverKey ?? ServerKeyFile(besideKeyFile: path).path)
        }
        let usual = resolved(".holdfast/keys.yaml", in: folder)
        let standard = inFile(usual)
        guard let node = file.node("keys") else { return standard }
        var isOff = false
        if case .scalar = node.content {
            guard let text = file.text("keys") else { return standard }
            guard text.value == "none" else {
                file.error("keys", "must be {file: PATH} or none, not \(text.shown)")
                return standard
            }
            isOff = true
        } else {
            guard let section = file.section("keys", keys: ["file", "server_key", "none"]) else { return standard }
            isOff = section.entries.contains { $0.key == "none" }
            if !isOff {
                let path = section.string("file").map { resolved($0, in: folder) } ?? usual
                let serverKey = section.string("server_key").map { resolved($0, in: folder) }
                if serverKey == path {
                    section.error(
                        "server_key", "must be another file than the keys': a copy of both could sign requests")
                }
                return inFile(path, serverKey)
            }
            if section.node("file") != nil || section.node("server_key") != nil {
                notes.error(node.position, "keys must be {file: PATH} or none, not both")
            }
        }
        for (name, address) in listeners {
            guard let address, !address.isLoopback else { continue }
            notes.error(
                node.position,
                "keys: none is for loopback only, and \(name) is \(address); listen on 127.0.0.1 or use {file: PATH}")
        }
        return .none
    }

    private static let limitKeys = ["body", "bodies", "unread_answers", "minimum_rate", "continuation", "drain"]

    private func limits(_ file: Section) -> ServerLimits {
        var limits = ServerLimits()
        guard let section = file.section("limits", keys: Self.limitKeys) else { return limits }
        if let bodies = section.bytes("bodies") {
            if bodies < 1 << 20 { section.error("bodies", "must be 1MiB or more") }
            limits.bodies = bodies
        }
        if let body = section.bytes("body") {
            if body < 1024 { section.error("body", "must be 1KiB or more") }
            limits.body = body
        }
        if let unread = section.bytes("unread_answers") {
            if unread < 1 << 20 { section.error("unread_answers", "must be 1MiB or more") }
            limits.unreadAnswers = unread
        }
        if let rate = section.bytes("minimum_rate") {
            if rate < 1 || rate > 1 << 20 { section.error("minimum_rate", "must be from 1B to 1MiB, in a second") }
            limits.minimumRate = rate
        }
        if let continuation = section.bytes("continuation") {
            if continuation < 1024 { section.error("continuation", "must be 1KiB or more") }
            limits.continuation = continuation
        }
        limits.drain = section.duration("drain") ?? limits.drain
        return limits
    }

    private func log(_ file: Section) -> LogSettings {
        var log = LogSettings()
        guard let section = file.section("log", keys: ["format", "level", "requests"]) else { return log }
        log.format = section.choice("format") ?? log.format
        log.level = section.choice("level") ?? log.level
        log.requests = section.flag("requests") ?? log.requests
        return log
    }

    private func metrics(_ file: Section, hasAdmin: Bool) -> MetricsSettings {
        var metrics = MetricsSettings()
        guard let section = file.section("metrics", keys: ["on", "open"]) else { return metrics }
        metrics.listener = section.choice("on") ?? metrics.listener
        metrics.isOpen = section.flag("open") ?? metrics.isOpen
        if metrics.listener == .admin, section.node("on") != nil, !hasAdmin {
            section.error("on", "is admin, but there is no admin listener; add `admin: 127.0.0.1:8081`")
        }
        return metrics
    }
}

/// Names of providers and routes.
func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 64
        && text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "._-".unicodeScalars.contains($0))
        }
}
