import Access
import Files
import FoundationEssentials
import Glibc
import Settings
import Testing

/// The file of the server's key, and the records of keys that sign.
@Suite final class ServerKeyFileTests: Sendable {
    private let folder: String
    private let now = UnixTime(seconds: 1_800_000_000)
    private var keys: KeyFile { KeyFile(path: folder + "/keys.yaml") }
    private var serverKey: ServerKeyFile { ServerKeyFile(besideKeyFile: keys.path) }

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/holdfast-signing-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    @discardableResult
    private func make(_ name: String, in file: ServerKeyFile? = nil) throws -> (record: KeyRecord, secret: String) {
        try keys.append(from: file ?? serverKey) { seed in
            KeyRecord(name: name, id: SigningKeyID(), seed: seed, routes: ["a"], created: now)
        }
    }

    private func put(_ text: String, mode: mode_t = 0o600) throws {
        try WholeFile.replaceDurably(serverKey.path, with: Array(text.utf8), mode: mode)
    }

    private var fault: ServerKeyFault? {
        do throws(ServerKeyFault) {
            _ = try serverKey.read()
            return nil
        } catch {
            return error
        }
    }

    // MARK: Making keys

    @Test func aKeyIsMadeWithTheServersKeyAndItsSecretIsInNoFile() throws {
        let (record, secret) = try make("one")
        #expect(try keys.load() == [record])
        let known = try #require(try serverKey.read())
        guard case .signature(let seed) = record.proof else { return #expect(Bool(false)) }
        #expect(known.versions == [1] && known.secret(of: record.id, seed) == secret)
        for path in [keys.path, serverKey.path] {
            let text = String(decoding: try WholeFile.readAll(path, limit: 1 << 20), as: UTF8.self)
            #expect(!text.contains(secret))
            var facts = stat()
            #expect(stat(path, &facts) == 0 && facts.st_mode & 0o777 == 0o600, "\(path)")
        }
    }

    @Test func theServersKeyIsMadeOnce() throws {
        try make("one")
        let before = try WholeFile.readAll(serverKey.path, limit: 1 << 20)
        try make("two")
        #expect(try WholeFile.readAll(serverKey.path, limit: 1 << 20) == before)
        #expect(throws: KeyFileError.self) { try self.make("two") }
        #expect(try keys.load().count == 2)
    }

    @Test func manyAtOnceShareOneServersKey() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<12 { group.addTask { try self.make("key-\(number)") } }
            try await group.waitForAll()
        }
        let known = try #require(try serverKey.read())
        #expect(known.versions == [1])
        #expect(try keys.load().count == 12)
    }

    @Test func aServersKeyThatIsGoneIsNotMadeAnewWhileKeysNeedIt() throws {
        let (record, _) = try make("one")
        unlink(serverKey.path)
        let error = #expect(throws: KeyFileError.self) { try self.make("two") }
        #expect(error == .serverKey(.gone(path: serverKey.path, ids: [record.id])))
        #expect("\(String(describing: error))".contains(record.id))
        #expect(throws: KeyFileError.self) { try self.keys.rotate(self.serverKey) }
        // Version 1 never means another key, though nothing needs it any more.
        _ = try keys.revoke(record.id, at: now)
        try make("two")
        #expect(try serverKey.read()?.versions == [2])
    }

    // MARK: Rotation

    @Test func aRotationKeepsTheVersionsThatKeysNeed() throws {
        let (first, secret) = try make("one")
        #expect(try keys.rotate(serverKey) == rotation(2, [1: [first.id]]))
        let (second, _) = try make("two")
        #expect(second.proof.version == 2)
        let known = try #require(try serverKey.read())
        guard case .signature(let seed) = first.proof else { return #expect(Bool(false)) }
        #expect(known.secret(of: first.id, seed) == secret)
        _ = try keys.revoke("one", at: now)
        #expect(try keys.rotate(serverKey) == rotation(3, [2: [second.id]], removed: [1]))
        #expect(try serverKey.read()?.versions == [2, 3])
    }

    private func rotation(_ version: Int, _ older: [Int: [String]], removed: [Int] = []) -> ServerKeyRotation {
        var rotation = ServerKeyRotation()
        (rotation.version, rotation.older, rotation.removed) = (version, older, removed)
        return rotation
    }

    // MARK: Reading

    @Test func aFileThatIsNotThereIsNone() throws { #expect(try serverKey.read() == nil) }

    @Test(arguments: [0o640, 0o604, 0o644, 0o666, 0o610] as [mode_t])
    func aFileThatOthersCanReadIsRefused(_ mode: mode_t) throws {
        try make("one")
        #expect(chmod(serverKey.path, mode) == 0)
        #expect(fault == .exposed(path: serverKey.path, mode: String(mode, radix: 8)))
        #expect(fault?.description.contains("chmod 600") == true)
        #expect(throws: KeyFileError.self) { try self.make("two") }
    }

    @Test func theOwnersAloneIsFine() throws {
        try make("one")
        #expect(chmod(serverKey.path, 0o400) == 0 && fault == nil)
    }

    private static let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

    @Test(arguments: [
        "x \(key)", "0 \(key)", "-1 \(key)", "1", "1  \(key)", "1 \(key) x", "1 AAAA", "1 \(key)=", " 1 \(key)",
        "1000000 \(key)", "99999999999999999999 \(key)", "\u{0}",
    ])
    func aMalformedLineIsRefusedAndNotShown(_ line: String) throws {
        try put("# a comment\n\(line)\n")
        #expect(fault == .malformed(path: serverKey.path, line: 2))
        #expect(fault?.description.contains("AAAA") == false)
    }

    @Test func aVersionStandsThereOnce() throws {
        try put("1 \(Self.key)\n\n# and\n1 \(Self.key)\n")
        #expect(fault == .repeated(path: serverKey.path, line: 4))
    }

    @Test func linesOfVersionsAreRead() throws {
        try put("# words\n\n7 \(Self.key)\n2 \(Self.key)")
        #expect(try serverKey.read()?.versions == [2, 7])
    }

    // MARK: Records

    @Test func aRecordOfAKeyThatSignsIsReadAgain() throws {
        let (record, _) = try make("one")
        var full = try keys.append(from: serverKey) { seed in
            KeyRecord(name: "full", id: SigningKeyID(), seed: seed, created: self.now)
        }.record
        full.tenant = "t"
        full.routes = ["b"]
        full.limits = RateLimits(requestsPerMinute: 5)
        full.residency = ["eu"]
        full.expires = UnixTime(seconds: 1_900_000_000)
        full.name = "other"
        full.id = SigningKeyID().text
        try keys.append(full)
        #expect(try keys.load().map(\.id).count == 3)
        #expect(try keys.load().first == record)
        #expect(try keys.load().last == full)
        #expect(try keys.load().allSatisfy { $0.digest == nil })
    }

    @Test(arguments: [
        ("id: HFSKAAAAAAAAAAAAAAAA, salt: \"AAAAAAAAAAAAAAAAAAAAAA==\"", "needs a server_key"),
        ("id: HFSKAAAAAAAAAAAAAAAA, server_key: 1", "needs a salt"),
        ("salt: \"AAAAAAAAAAAAAAAAAAAAAA==\", server_key: 1", "needs an id"),
        ("id: k_00000000, salt: \"AAAAAAAAAAAAAAAAAAAAAA==\", server_key: 1", "HFSK and 16 characters"),
        ("id: HFSKAAAAAAAAAAAAAAAA, salt: AAAA, server_key: 1", "16 bytes in base 64"),
        ("id: HFSKAAAAAAAAAAAAAAAA, salt: \"AAAAAAAAAAAAAAAAAAAAAA==\", server_key: 0", "server_key"),
        (
            "id: HFSKAAAAAAAAAAAAAAAA, salt: \"AAAAAAAAAAAAAAAAAAAAAA==\", server_key: 1, admin: true",
            "does not go with salt"
        ),
        (
            "id: HFSKAAAAAAAAAAAAAAAA, salt: \"AAAAAAAAAAAAAAAAAAAAAA==\", server_key: 1, digest: \"sha256:\(String(repeating: "0", count: 64))\"",
            "never presented"
        ),
    ])
    func aRecordThatMixesTwoKindsIsRefused(_ members: String, _ part: String) throws {
        let text = "keys: [{name: a, created: 2026-01-01, \(members)}]"
        try WholeFile.replaceDurably(keys.path, with: Array(text.utf8))
        let error = #expect(throws: KeyFileError.self) { try self.keys.load() }
        #expect("\(String(describing: error))".contains(part), "\(String(describing: error))")
    }

    @Test func anIdIsThereOnce() throws {
        let entry =
            "{name: a, created: 2026-01-01, id: HFSKAAAAAAAAAAAAAAAA, salt: \"AAAAAAAAAAAAAAAAAAAAAA==\", server_key: 1}"
        try WholeFile.replaceDurably(keys.path, with: Array("keys: [\(entry), \(entry)]".utf8))
        let error = #expect(throws: KeyFileError.self) { try self.keys.load() }
        #expect("\(String(describing: error))".contains("repeats the id"))
    }
}

extension KeyProof {
    fileprivate var version: Int? {
        if case .signature(let seed) = self { seed.version } else { nil }
    }
}

/// `keys: {file, server_key}`
@Suite struct ServerKeySettingTests {
    private func read(_ keys: String) -> SettingsReading {
        Settings.read(
            Array("listen: 127.0.0.1:1\n\(keys)\n".utf8), file: "/etc/holdfast/holdfast.yaml", environment: [:])
    }

    @Test(
        arguments: [
            ("", "/etc/holdfast/.holdfast/server-key"), ("keys: {file: /a/b.yaml}", "/a/server-key"),
            ("keys: {file: a.yaml, server_key: apart/key}", "/etc/holdfast/apart/key"),
            ("keys: {server_key: /k}", "/k"), ("keys: none", nil),
        ] as [(String, String?)])
    func thePlaceOfTheServersKey(_ keys: String, _ path: String?) {
        let settings = read(keys).settings
        #expect(settings != nil && settings?.serverKeyFile == path)
    }

    @Test(arguments: [
        ("keys: {file: a.yaml, server_key: a.yaml}", "another file than the keys'"),
        ("keys: {none: true, server_key: a}", "not both"),
    ])
    func whatCannotBeMeantIsRefused(_ keys: String, _ part: String) {
        #expect(read(keys).problems.contains { $0.message.contains(part) }, "\(read(keys).problems)")
    }
}
