import Access
import AdminAPI
import Files
import HoldfastCLI
import HoldfastServer
import Settings
import Testing

/// `holdfast keys`: the key file as it is changed.
@Suite struct KeysTests {
    private let scratch: ScratchFolder
    private var file: String { scratch.path + "/keys.yaml" }

    init() throws { scratch = try ScratchFolder() }

    private func create(_ name: String, _ options: String...) async -> CommandRun {
        await run(["keys", "create", "--name", name, "--file", file] + options)
    }

    private var records: [KeyRecord] { get throws { try KeyFile(path: file).load() } }

    // MARK: Making

    @Test func aKeyIsShownOnceAndItsDigestIsKept() async throws {
        let done = await create("search")
        let key = try #require(done.lines.first)
        #expect(done.code == 0 && key.hasPrefix("hf_") && done.remarks.isEmpty)
        let record = try #require(try records.first)
        #expect(record.digest == KeyDigest(of: key) && record.name == "search")
        #expect(done.output.contains("\(file) has its hash, as \(record.id) (search)."))
        #expect(!(try scratch.text("keys.yaml").contains(key)))
    }

    @Test func allThatAKeyMayIsKept() async throws {
        let done = await create(
            "app", "--tenant", "t", "--routes", " talk, write ", "--rpm", "60", "--tpm", "1000", "--residency", "eu,ch",
            "--not-labs", "a", "--not-hosts", "b", "--not-regions", "us", "--forbid", "store,service_tier",
            "--logprobs",
            "--logit-bias", "--admin", "--expires", "2999-01-31", "--quiet")
        #expect(done.code == 0 && done.lines.count == 2 && done.lines[1].isEmpty, "\(done)")
        let record = try #require(try records.first)
        #expect(record.tenant == "t" && record.routes == ["talk", "write"] && record.admin)
        #expect(record.limits == RateLimits(requestsPerMinute: 60, tokensPerMinute: 1000))
        #expect(record.residency == ["eu", "ch"] && record.forbidden == ["store", "service_tier"])
        #expect(record.exclusions == Exclusions(labs: ["a"], hosts: ["b"], regions: ["us"]))
        #expect(record.disclosures == Disclosures(logprobs: true, logitBias: true))
        #expect(record.expires?.description == "2999-01-31T00:00:00Z")
    }

    @Test("a time from now is one from now") func fromNow() async throws {
        let before = UnixTime.now
        #expect(await create("a", "--expires", "30d").code == 0)
        let expires = try #require(try records.first?.expires)
        let created = try #require(try records.first?.created)
        #expect(expires.seconds - created.seconds >= 30 * 86_400 - 1 && created >= before)
        #expect(expires.seconds <= UnixTime.now.seconds + 30 * 86_400)
    }

    @Test func jsonHasTheKeyItsIdAndItsName() async throws {
        let done = await create("a \"b\"", "--json")
        let record = try #require(try records.first)
        #expect(done.output.hasSuffix(#","id":"\#(record.id)","name":"a \"b\""}"# + "\n"), "\(done.output)")
        let key = done.output.dropFirst(#"{"key":""#.count).prefix { $0 != "\"" }
        #expect(KeyDigest(of: String(key)) == record.digest)
    }

    @Test func aNameIsTakenOnce() async throws {
        #expect(await create("a").code == 0)
        let again = await create("a")
        let id = try #require(try records.first).id
        #expect(again.code == 64 && again.remarks.contains("there is a key \"a\" already (\(id))"))
        #expect(try records.count == 1)
    }

    @Test("keys that are made at once are all kept") func atOnce() async throws {
        let codes = await withTaskGroup(of: Int32.self) { group in
            for number in 0..<8 { group.addTask { await create("key-\(number)", "--quiet").code } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes == Array(repeating: 0, count: 8))
        #expect(Set(try records.map(\.name)).count == 8)
    }

    // MARK: Files that lost their keys

    @Test("a file that was emptied is not filled with one key", arguments: ["", "\n", "# none\n", "keys:\n"])
    func emptied(text: String) async throws {
        try scratch.write(text, to: "keys.yaml")
        let done = await create("new")
        #expect(done.code == 78 && done.output.isEmpty, "\(done)")
        #expect(done.remarks.contains("no key is made: it would be the only one of its file"))
        #expect(done.remarks.contains("write `keys: []`") && done.remarks.contains(file))
        #expect(try scratch.text("keys.yaml") == text)
        try scratch.write("keys: []\n", to: "keys.yaml")
        #expect(await create("new").code == 0)
    }

    @Test("nor is one made anew while a server has its keys in force") func gone() async throws {
        let lock = try FakeHoldfast.claim(scratch.path + "/run")
        func leave(keys: Int?, file: String) throws {
            var view = FakeHoldfast.view()
            (view.keyFile, view.keys) = (file, keys)
            try scratch.write(String(decoding: try AdminJSON.encode(view), as: UTF8.self), to: "run/effective.json")
        }
        try leave(keys: 3, file: file)
        for words in [
            ["--run", scratch.path + "/run"],
            ["--run", scratch.path + "/run", "--file", scratch.path + "/./keys.yaml"],
        ] {
            let done = await run(["keys", "create", "--name", "new"] + words)
            #expect(done.code == 78 && done.output.isEmpty, "\(done)")
            #expect(
                done.remarks.contains("(process \(FakeHoldfast.process)) still has 3 keys in force"), "\(done.remarks)")
            #expect(done.remarks.contains("is gone; put it back, or write `keys: []` into it"))
            #expect(!scratch.exists("keys.yaml"))
        }
        // Another file than the server's is nobody's loss.
        let other = await run(
            "keys", "create", "--name", "new", "--file", scratch.path + "/other.yaml", "--run", scratch.path + "/run")
        #expect(other.code == 0, "\(other)")
        // Without keys, there is nothing to lose.
        try leave(keys: 0, file: file)
        #expect(await run("keys", "create", "--name", "first", "--run", scratch.path + "/run").code == 0)
        #expect(try records.map(\.name) == ["first"])
        lock.note("")
    }

    @Test("a dead server has no keys in force") func goneAndDead() async throws {
        var view = FakeHoldfast.view()
        (view.keyFile, view.keys) = (file, 3)
        try scratch.write(String(decoding: try AdminJSON.encode(view), as: UTF8.self), to: "run/effective.json")
        let done = await run("keys", "create", "--name", "new", "--file", file, "--run", scratch.path + "/run")
        #expect(done.code == 0, "\(done)")
    }

    @Test(
        "a file that is no key file is left as it is",
        arguments: ["keys: {}", "key: []", "keys: [", "keys:\n  - name: a\n"])
    func broken(text: String) async throws {
        try scratch.write(text, to: "keys.yaml")
        for words in [["create", "--name", "a"], ["revoke", "a"], ["list"]] {
            let done = await run(["keys"] + words + ["--file", file])
            #expect(done.code == 78 && done.remarks.contains("keys.yaml:"), "\(done)")
        }
        #expect(try scratch.text("keys.yaml") == text)
    }

    // MARK: Listing and ending

    @Test func keysAreListedWithWhatTheyMay() async throws {
        #expect(
            await create("app", "--routes", "b,a", "--rpm", "7", "--tpm", "900", "--expires", "2999-01-31", "-q").code
                == 0)
        #expect(await create("boss", "--admin", "-q").code == 0)
        #expect(await run("keys", "revoke", "boss", "--file", file).code == 0)
        let text = await run("keys", "list", "--file", file).output
        // A cell may be wrapped between its words.
        for word in [
            "a,b", "7 requests,", "900", "ends", "2999-01-31", "00:00Z", "everything", "+admin", "revoked",
        ] {
            #expect(text.contains(word), "\(word)\n---\n\(text)")
        }
        #expect(!text.contains("hf"), "never the keys themselves")
        for line in text.split(separator: "\n") { #expect(line.count <= 80) }
        let json = await run("keys", "list", "--json", "--file", file).output
        #expect(json.contains(#""requests_per_minute" : 7"#) && json.contains(#""state" : "revoked""#), "\(json)")
        #expect(json.contains(#""expires" : "2999-01-31T00:00:00Z""#) && json.hasPrefix("[\n"))
    }

    @Test func noKeysAreNoError() async throws {
        let done = await run("keys", "list", "--file", file)
        #expect(done.code == 0 && done.output.contains("`holdfast keys create --name NAME` makes one"))
        #expect(await run("keys", "list", "--json", "--file", file).output.filter { !$0.isWhitespace } == "[]")
    }

    @Test func aKeyEndsOnce() async throws {
        #expect(await create("search").code == 0)
        let id = try #require(try records.first).id
        let typo = await run("keys", "revoke", "saerch", "--file", file)
        #expect(typo.code == 64 && typo.remarks.contains("did you mean \"search\"?"))
        let done = await run("keys", "revoke", "search", "--file", file)
        #expect(done.code == 0 && done.output == "\(id) (search) is revoked.\n")
        let time = try #require(try records.first?.revoked)
        let again = await run("keys", "revoke", id, "--file", file)
        #expect(again.code == 64 && again.remarks.contains("\(id) was revoked already, at \(time)"))
        #expect(await create("search").code == 0, "its name is free again")
        let json = await run("keys", "revoke", "search", "--json", "--file", file)
        #expect(json.code == 0 && json.output.contains(#""name":"search","revoked":"20"#), "\(json)")
    }

    @Test("a name that a terminal would obey is spelt out in the list") func names() async throws {
        let record = KeyRecord(
            name: "a\u{202E}b", digest: KeyDigest(of: "x"), created: UnixTime(seconds: 1_781_259_300))
        try KeyFile(path: file).append(record)
        let text = await run("keys", "list", "--file", file).output
        #expect(text.contains(#"a\u{202e}b"#) && !text.contains("\u{202E}"))
        #expect(text.contains("2026-06-12") && text.contains("10:15Z"))
    }

    // MARK: Which file

    @Test func theFileIsTheOneOfTheSettings() async throws {
        let settings = try scratch.write("keys: {file: own/keys.yaml}\n", to: "holdfast.yaml")
        #expect(await run("keys", "create", "--name", "a", "-q", "--config", settings).code == 0)
        #expect(try KeyFile(path: scratch.path + "/own/keys.yaml").load().map(\.name) == ["a"])
        let none = try scratch.write("keys: none\n", to: "none.yaml")
        let done = await run("keys", "list", "--config", none)
        #expect(done.code == 78 && done.remarks.contains("write `keys: {file: .holdfast/keys.yaml}`"))
    }

    @Test("a route or a region that the settings don't know is a warning") func unknown() async throws {
        let settings = try scratch.write(
            """
            providers: {p: {dialect: openai, base_url: "https://x.example/v1", api_key: x, region: eu-west}}
            routes: {talk: {candidates: [{provider: p, model: m}]}}

            """, to: "holdfast.yaml")
        let done = await run(
            "keys", "create", "--name", "a", "-q", "--routes", "tlak,talk", "--residency", "mars", "--config", settings)
        #expect(done.code == 0)
        #expect(done.remarks.contains("has no route \"tlak\" yet; did you mean \"talk\"?"), "\(done.remarks)")
        #expect(done.remarks.contains("warning: --residency: "))
    }
}
