import GatewayTesting
import HoldfastServer
import Settings
import Testing

/// An edit of the settings file, while Holdfast runs.
@Suite struct SettingsReloadTests {
    private static let file = """
        listen: 127.0.0.1:8080
        admin: 127.0.0.1:8081
        keys: { file: keys.yaml }
        tls: { cert: c.pem, key: k.pem }
        cors: { origins: ['https://app.example'] }
        hosts: [holdfast.internal]
        limits: { drain: 30s }
        log: { level: info }
        metrics: { open: false }
        data: { directory: data }
        run: { directory: run }
        ledger: { name: ledger.example.com, directory: ledger }
        status_page: { title: Ours }
        alerts: { every: 60s, instance: a-name, link: 'https://status.example/' }
        providers:
          first: { dialect: openai, base_url: 'https://one.example/v1', host: one }
          here: { dialect: engine, model_file: m.gguf }
        routes:
          talk: { candidates: [{ provider: first, model: m }] }
        """

    private static func edited(_ from: String, _ to: String) throws -> (old: Settings, new: Settings) {
        #expect(file.contains(from))
        return (try settings(file), try settings(file.replacing(from, with: to)))
    }

    /// One edit of every section.
    private static let edits: [(section: String, from: String, to: String)] = [
        ("listen", "127.0.0.1:8080", "127.0.0.1:9090"), ("tls", "c.pem", "d.pem"),
        ("tls", "key: k.pem", "key: k.pem, minimum: '1.3'"), ("admin", "127.0.0.1:8081", "127.0.0.1:9091"),
        ("keys", "keys.yaml", "other.yaml"), ("cors", "app.example", "other.example"),
        ("hosts", "holdfast.internal", "holdfast.local"), ("providers", "one.example/v1", "two.example/v1"),
        ("routes", "talk:", "chat:"), ("routes", "routes:", "routes:\n  fast: talk"), ("limits", "30s", "31s"),
        ("log", "level: info", "level: debug"), ("metrics", "open: false", "open: true"),
        ("supervision", "limits: {", "supervision: { waiting: 8 }\nlimits: {"),
        ("data", "directory: data", "directory: other"), ("run", "directory: run", "directory: other"),
        ("ledger", "ledger.example.com", "other.example.com"), ("ledger", "ledger: {", "ledger: { serve: false,"),
        ("veto", "limits: {", "veto: { drain: 10s }\nlimits: {"),
        ("standards", "limits: {", "standards: /etc/passwd\nlimits: {"),
        ("status_page", "title: Ours", "title: Theirs"), ("status_page", "{ title: Ours }", "off"),
        ("alerts", "every: 60s", "every: 61s"), ("alerts", "a-name", "another-name"),
        ("alerts", "https://status.example/", "https://status.example/us"),
        (
            "alerts", "every: 60s",
            "every: 60s, webhooks: { pager: { url: 'https://p.example/', secret: a-secret-of-24-bytes-or-more } }"
        ),
        // Defaults of providers: a change is a change of those.
        ("providers", "providers:", "engine: { python: /usr/bin/python3 }\nproviders:"),
        ("providers", "providers:", "custody: required\nproviders:"),
    ]

    @Test("an edit of a section changes that one and no other", arguments: Self.edits.indices)
    func oneSection(_ index: Int) throws {
        let edit = Self.edits[index]
        let (old, new) = try Self.edited(edit.from, edit.to)
        #expect(SettingsSection.names(changedFrom: old, to: new) == [edit.section])
        #expect(SettingsSection.names(changedFrom: new, to: old) == [edit.section])
        let effect = try #require(SettingsSection.all.first { $0.name == edit.section }?.effect)
        #expect(
            SettingsSection.names(waitingFrom: old, to: new) == (effect == .nextStart ? [edit.section] : []))
    }

    @Test func everySectionHasAnEditHere() {
        let edited = Set(Self.edits.map(\.section))
        // These two are defaults of providers.
        #expect(Set(SettingsSection.all.map(\.name)).subtracting(edited) == ["engine", "custody"])
    }

    @Test func aProvidersPlaceIsAPartOfTheRoutesThatNameIt() throws {
        let (old, new) = try Self.edited("host: one", "host: two")
        #expect(SettingsSection.names(changedFrom: old, to: new) == ["providers", "routes"])
    }

    @Test func anEditThatSaysTheSameInOtherWordsChangesNothing() throws {
        let (old, new) = try Self.edited("limits: { drain: 30s }", "limits:\n  drain: 30000ms  # half a minute")
        #expect(SettingsSection.names(changedFrom: old, to: new).isEmpty)
        #expect(SettingsSection.names(waitingFrom: old, to: new).isEmpty)
    }

    @Test("what waits for the next start is told in the order of the sections, and not what is live")
    func waiting() throws {
        let old = try settings(Self.file)
        let new = try settings(
            Self.file.replacing("level: info", with: "level: debug").replacing("8080", with: "9090")
                .replacing("one.example/v1", with: "two.example/v1").replacing("30s", with: "31s"))
        #expect(SettingsSection.names(changedFrom: old, to: new) == ["listen", "providers", "limits", "log"])
        #expect(SettingsSection.names(waitingFrom: old, to: new) == ["listen", "limits", "log"])
    }

    // MARK: The settings in force

    @Test func theLastGoodEditIsInForceAndTheStartIsRemembered() throws {
        let (old, new) = try Self.edited("level: info", "level: debug")
        let current = CurrentSettings(old)
        #expect(current.now == old && current.started == old)
        #expect(current.replace(with: new) == old)
        #expect(current.now == new && current.started == old)
        #expect(current.replace(with: old) == new)
        #expect(current.now == old)
    }

    @Test("an edit that is taken back no longer waits, though each edit changed something") func takenBack() throws {
        let (old, new) = try Self.edited("127.0.0.1:8080", "127.0.0.1:9090")
        let current = CurrentSettings(old)
        for (edit, isWaiting) in [(new, true), (old, false)] {
            let before = current.replace(with: edit)
            #expect(SettingsSection.names(changedFrom: before, to: edit) == ["listen"])
            #expect(SettingsSection.names(waitingFrom: current.started, to: edit).isEmpty != isWaiting)
        }
    }

    @Test("of many edits at once one is in force, and each has replaced another") func manyAtOnce() async throws {
        let versions = try (0..<20).map { try settings(Self.file.replacing("title: Ours", with: "title: T\($0)")) }
        let current = CurrentSettings(versions[0])
        let replaced = await withTaskGroup(of: Settings.self) { group in
            for version in versions.dropFirst() { group.addTask { current.replace(with: version) } }
            return await group.reduce(into: [Settings]()) { $0.append($1) }
        }
        #expect(Set(replaced + [current.now]) == Set(versions))
        #expect(replaced.count == 19)
    }
}
