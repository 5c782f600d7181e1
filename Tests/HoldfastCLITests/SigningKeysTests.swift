import Access
import AdminAPI
import Files
import Settings
import Testing

/// `holdfast keys create --sigv4`, and the server's key.
@Suite struct SigningKeysTests {
    private let scratch: ScratchFolder
    private var file: String { scratch.path + "/keys.yaml" }

    init() throws { scratch = try ScratchFolder() }

    private func create(_ name: String, _ options: String...) async -> CommandRun {
        await run(["keys", "create", "--name", name, "--sigv4", "--file", file] + options)
    }

    private func secret(of record: KeyRecord, _ serverKey: String = "server-key") throws -> String? {
        guard case .signature(let seed) = record.proof else { return nil }
        return try ServerKeyFile(path: scratch.path + "/" + serverKey).read()?.secret(of: record.id, seed)
    }

    private var records: [KeyRecord] { get throws { try KeyFile(path: file).load() } }

    @Test func aPairIsShownAsTheVariablesOfTheSDKs() async throws {
        let done = await create("batch", "--routes", "talk", "--rpm", "5")
        let record = try #require(try records.first)
        let secret = try #require(try secret(of: record))
        #expect(
            done.code == 0
                && done.lines.starts(with: ["AWS_ACCESS_KEY_ID=\(record.id)", "AWS_SECRET_ACCESS_KEY=\(secret)"]))
        #expect(record.routes == ["talk"] && record.limits.requestsPerMinute == 5 && record.name == "batch")
        #expect(!(try scratch.text("keys.yaml").contains(secret)) && done.output.contains("it is not shown again"))
    }

    @Test func quietIsNothingButTheVariables() async throws {
        let done = await create("batch", "--quiet")
        #expect(done.code == 0 && done.lines.count == 3 && done.lines[2].isEmpty, "\(done)")
    }

    @Test func jsonHasIdAndSecret() async throws {
        let done = await create("batch", "--json")
        let record = try #require(try records.first)
        let secret = try #require(try secret(of: record))
        #expect(
            done.output
                == #"{"access_key_id":"\#(record.id)","secret_access_key":"\#(secret)","id":"\#(record.id)","name":"batch"}"#
                + "\n")
    }

    @Test func theServersKeyMayStandElsewhere() async throws {
        #expect(await create("a", "--server-key", scratch.path + "/apart/key").code == 0)
        #expect(try secret(of: try #require(try records.first), "apart/key") != nil)
        #expect(!scratch.exists("server-key"))
    }

    @Test func theServersPlaceIsTheRunningHoldfasts() async throws {
        let lock = try FakeHoldfast.claim(scratch.path + "/run")
        var view = FakeHoldfast.view()
        (view.keyFile, view.keys, view.serverKeyFile) = (file, 0, scratch.path + "/there/key")
        try scratch.write(String(decoding: try AdminJSON.encode(view), as: UTF8.self), to: "run/effective.json")
        let done = await run("keys", "create", "--name", "a", "--sigv4", "--run", scratch.path + "/run")
        #expect(done.code == 0, "\(done)")
        #expect(try secret(of: try #require(try records.first), "there/key") != nil)
        withExtendedLifetime(lock) {}
    }

    @Test(arguments: [["--sigv4", "--admin"], ["--server-key", "x"]])
    func whatDoesNotGoTogetherIsRefused(_ options: [String]) async {
        let done = await run(["keys", "create", "--name", "a", "--file", file] + options)
        #expect(done.code == 64 && done.output.isEmpty, "\(done)")
    }

    @Test func theListTellsWhichKeysSign() async throws {
        _ = await create("batch")
        let record = try #require(try records.first)
        let list = await run("keys", "list", "--file", file)
        #expect(list.output.contains("+sigv4") && list.output.contains(record.id))
        let json = await run("keys", "list", "--json", "--file", file)
        #expect(json.output.contains(#""sigv4" : true"#) && json.output.contains(#""server_key" : 1"#))
        #expect(await run("keys", "revoke", record.id, "--file", file).code == 0)
    }

    @Test func aRotationSaysWhatStaysAndWhy() async throws {
        _ = await create("old")
        let old = try #require(try records.first)
        let done = await run("keys", "rotate-server-key", "--file", file)
        #expect(
            done.code == 0 && done.output.contains("has version 2")
                && done.output.contains("Version 1 stays for \(old.id)."))
        #expect(await run("keys", "revoke", old.id, "--file", file).code == 0)
        let json = await run("keys", "rotate-server-key", "--file", file, "--json")
        #expect(json.output.hasSuffix(#""version":3,"removed":[1,2],"older":[]}"# + "\n"), "\(json.output)")
    }

    @Test func aServersKeyThatOthersCanReadMakesNoKey() async throws {
        _ = await create("one")
        try WholeFile.replaceDurably(
            scratch.path + "/server-key", with: Array(try scratch.text("server-key").utf8), mode: 0o644)
        let done = await create("two")
        #expect(done.code == 78 && done.remarks.contains("chmod 600"), "\(done)")
        #expect(try records.count == 1)
    }

    @Test func aCheckWarnsOfSignaturesThatCannotBeChecked() async throws {
        _ = await create("one")
        let settings = try scratch.write(
            "keys: {file: keys.yaml}\nproviders:\n  a: {dialect: openai, base_url: https://a.example/v1, api_key: x-y-z}\n",
            to: "holdfast.yaml")
        #expect(!(await run("check", settings)).remarks.contains("server's key"))
        try WholeFile.replaceDurably(scratch.path + "/server-key", with: Array("# none\n".utf8))
        let id = try #require(try records.first).id
        let done = await run("check", settings)
        #expect(
            done.code == 0 && done.remarks.contains("lacks version 1 of the server's key, which \(id) (one)"), "\(done)"
        )
    }
}
