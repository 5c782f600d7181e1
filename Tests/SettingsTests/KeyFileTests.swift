import Access
import Files
import FoundationEssentials
import Glibc
import Settings
import SystemPackage
import Testing

@Suite final class KeyFileTests {
    let folder: String
    let now = UnixTime(seconds: 1_800_000_000)

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/holdfast-keys-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func record(_ name: String) -> KeyRecord { KeyRecord(name: name, digest: KeyDigest(of: name), created: now) }

    func write(_ text: String, to path: String) throws {
        #expect(FileManager.default.createFile(atPath: path, contents: Data(text.utf8)))
    }

    @Test(arguments: [
        KeyNotice.webhook("desk"),
        .url("https://example.com/hook?a=b", secret: "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"),
    ])
    func theReceiverOfNoticesIsKept(_ notice: KeyNotice) throws {
        let file = KeyFile(path: "\(folder)/notices.yaml")
        try file.append(
            KeyRecord(
                name: "a", digest: KeyDigest(of: "x"), notify: notice, created: UnixTime(seconds: 1_800_000_000)))
        #expect(try file.load().map(\.notify) == [notice])
    }

    @Test(arguments: [
        ("notify: \"ftp://x\", notify_secret: \"0123456789012345678901234\"", "must begin with https://"),
        ("notify: \"https://x\"", "notify_secret"), ("notify: a b", "the name of a webhook"),
        ("notify_secret: \"0123456789012345678901234\"", "of no use without notify"),
    ])
    func aReceiverThatCannotBeToldIsRefused(_ members: String, _ part: String) throws {
        let path = "\(folder)/notices.yaml"
        let digest = String(repeating: "0", count: 64)
        let text = "keys: [{name: a, digest: \"sha256:\(digest)\", created: 2026-01-01, \(members)}]"
        try WholeFile.replaceDurably(path, with: Array(text.utf8))
        let error = #expect(throws: KeyFileError.self) { try KeyFile(path: path).load() }
        #expect("\(String(describing: error))".contains(part), "\(String(describing: error))")
    }

    @Test func aFileThatIsNotThereIsAnEmptyTable() throws {
        #expect(try KeyFile(path: folder + "/none/keys.yaml").load() == [])
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let file = KeyFile(path: folder + "/a/b/keys.yaml")
        var full = record("Ünïcode \"quoted\" \\ #: {x} ${HOME} \n \u{7F} \u{2028} \u{E001}")
        full.tenant = "*tenant"
        full.routes = ["b", "a", "1"]
        full.admin = true
        full.limits = RateLimits(requestsPerMinute: 60, tokensPerMinute: 100_000)
        full.residency = ["eu", "no"]
        full.disclosures = Disclosures(logprobs: true, logitBias: true)
        full.exclusions = Exclusions(labs: ["a lab"], hosts: ["h1", "h2"], regions: ["us"])
        full.expires = UnixTime(seconds: 1_900_000_000)
        full.revoked = UnixTime(seconds: 1_850_000_000)
        var noRoutes = record("none")
        noRoutes.routes = []
        try file.append(full)
        try file.append(noRoutes)
        #expect(try file.load() == [full, noRoutes])
    }

    @Test func onlyTheOwnerCanReadIt() throws {
        let file = KeyFile(path: folder + "/keys.yaml")
        try file.append(record("a"))
        var status = stat()
        #expect(stat(file.path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func manyChangesAtOnceLoseNothing() async throws {
        let file = KeyFile(path: folder + "/keys.yaml")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for record in (0..<20).map({ record("key-\($0)") }) { group.addTask { try file.append(record) } }
            try await group.waitForAll()
        }
        #expect(try file.load().count == 20)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(left == ["keys.yaml", "keys.yaml.lock"])
    }

    @Test func aSymbolicLinkStaysOne() throws {
        try write("keys: []\n", to: folder + "/real.yaml")
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/keys.yaml", withDestinationPath: folder + "/real.yaml")
        try KeyFile(path: folder + "/keys.yaml").append(record("a"))
        #expect(try KeyFile(path: folder + "/real.yaml").load().count == 1)
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/keys.yaml") == folder + "/real.yaml")
    }

    @Test func keysAreRevokedByNameOrById() throws {
        let file = KeyFile(path: folder + "/keys.yaml")
        try file.append(record("search"))
        try file.append(record("laptop"))
        #expect(try file.revoke("search", at: now).revoked == now)
        #expect(try file.revoke(record("laptop").id, at: now).name == "laptop")
        #expect(try file.load().map(\.revoked) == [now, now])
        #expect(throws: KeyFileError.alreadyRevoked(id: record("laptop").id, at: now)) {
            try file.revoke("laptop", at: now)
        }
    }

    @Test func aNameMayBeUsedAgainOnlyOnceItsKeyIsRevoked() throws {
        let file = KeyFile(path: folder + "/keys.yaml")
        try file.append(record("search"))
        var next = KeyRecord(name: "search", digest: KeyDigest(of: "other"), created: now)
        #expect(throws: KeyFileError.nameTaken(name: "search", id: record("search").id)) { try file.append(next) }
        _ = try file.revoke("search", at: now)
        try file.append(next)
        next.revoked = now
        #expect(try file.revoke("search", at: now) == next)
    }

    @Test func aKeyThatIsNotThereIsAnsweredWithTheNearest() throws {
        let file = KeyFile(path: folder + "/keys.yaml")
        try file.append(record("search"))
        #expect(throws: KeyFileError.unknown("saerch", suggestion: "search")) { try file.revoke("saerch", at: now) }
    }

    @Test(arguments: [
        ("", []), ("# nothing\n", []), ("keys:\n", []), ("keys: []\n", []),
        ("keys: {}", ["keys.yaml:1:7: keys must be a list, not a mapping"]),
        ("key: []", ["keys.yaml:1:1: unknown key \"key\"; did you mean \"keys\"?"]),
        ("keys:\n  - name: a\n", ["keys.yaml:2:5: keys[0] needs a digest", "keys.yaml:2:5: keys[0] needs a created"]),
        (
            "keys:\n  - {name: a, digest: md5:0, created: today, rpm: 5}\n",
            [
                "keys.yaml:2:23: keys[0].digest must be sha256: and 64 hexadecimal digits, not \"md5:0\"",
                "keys.yaml:2:39: keys[0].created must be a date such as 2027-01-31 or 2027-01-31T12:00:00Z, not \"today\"",
                "keys.yaml:2:46: unknown key \"rpm\" in keys[0]; known here: id, name, tenant, digest, salt, server_key, routes, admin, requests_per_minute, tokens_per_minute, residency, not_labs, not_hosts, not_regions, logprobs, logit_bias, forbid, notify, notify_secret, created, expires, revoked",
            ]
        ),
        ("keys: [", ["keys.yaml:2:1: this is not YAML: did not find expected node content while parsing a flow node"]),
    ])
    func aBrokenFileIsRefusedWholeAndNotOverwritten(text: String, expected: [String]) throws {
        let path = folder + "/keys.yaml"
        try write(text, to: path)
        let file = KeyFile(path: path)
        let error = Result { () throws(KeyFileError) -> [KeyRecord] in try file.load() }.failure
        let found = error?.description.replacing(folder + "/", with: "") ?? ""
        #expect(found == expected.joined(separator: "\n"))
        guard !expected.isEmpty else { return }
        #expect(throws: KeyFileError.self) { try file.append(record("a")) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    /// An empty file is what a full disk, an editor or a lost mount leaves.
    @Test(arguments: ["", "\n", "# nothing\n", "keys:\n", "keys: # to be filled in\n"])
    func onlyAnEmptyListTakesAllKeysAway(text: String) throws {
        let file = KeyFile(path: folder + "/keys.yaml")
        #expect(throws: KeyFileError.gone(path: file.path)) { try file.reload() }
        try write(text, to: file.path)
        #expect(throws: KeyFileError.emptied(path: file.path)) { try file.reload() }
        #expect(try file.load() == [])
        try write("keys: []\n", to: file.path)
        #expect(try file.reload() == [])
    }

    /// Filled with one key, it would lose all others at the next reload.
    @Test(arguments: ["", "\n", "# nothing\n", "keys:\n"])
    func aKeyIsNeverAddedToAFileThatWasEmptied(text: String) throws {
        let file = KeyFile(path: folder + "/keys.yaml")
        try write(text, to: file.path)
        for creates in [true, false] {
            #expect(throws: KeyFileError.emptied(path: file.path)) {
                try file.append(record("new"), creates: creates)
            }
        }
        #expect(throws: KeyFileError.emptied(path: file.path)) { try file.revoke("old", at: now) }
        #expect(try String(contentsOfFile: file.path, encoding: .utf8) == text)
        #expect(KeyFileError.emptied(path: file.path).description.contains("write `keys: []`"))
        // The remedy is one.
        try write("keys: []\n", to: file.path)
        try file.append(record("new"), creates: false)
        #expect(try file.load() == [record("new")])
    }

    @Test func aFileThatIsGoneIsMadeAnewOnlyWhereNobodyHasItsKeys() throws {
        let file = KeyFile(path: folder + "/keys.yaml")
        #expect(throws: KeyFileError.gone(path: file.path)) { try file.append(record("new"), creates: false) }
        #expect(try file.read() == .missing)
        try file.append(record("new"))
        #expect(try file.load() == [record("new")])
    }

    @Test func theSameDigestTwiceIsRefused() throws {
        let file = KeyFile(path: folder + "/keys.yaml")
        try file.append(record("a"))
        var text = try String(contentsOfFile: file.path, encoding: .utf8)
        text += text.split(separator: "keys:\n").last ?? ""
        try write(text, to: file.path)
        #expect(throws: KeyFileError.self) { try file.load() }
    }

    @Test func aFolderInItsPlaceIsAClearError() throws {
        #expect(throws: KeyFileError.file(FileFault(.read, folder, .notRegular(.folder)))) {
            try KeyFile(path: folder).load()
        }
    }

    @Test func aMissingSettingsFileIsAFault() {
        #expect(throws: FileFault(.read, folder + "/x.yaml", .system(.noSuchFileOrDirectory))) {
            _ = try Settings.load(folder + "/x.yaml", environment: [:])
        }
    }
}

extension Result {
    /// The error, if it is one.
    fileprivate var failure: Failure? {
        guard case .failure(let error) = self else { return nil }
        return error
    }
}
