import Encodings
import Files
import Foundation
import HoldfastCLI
import HoldfastServer
import Signing
import Veto
import VetoSpool

/// A folder with settings and people, and no server: what commands of a veto
/// work on.
struct VetoHouse {
    let scratch: ScratchFolder
    var config: String { scratch.path + "/holdfast.yaml" }
    var spool: String { scratch.path + "/.holdfast/veto" }

    /// - Parameter people: their keys are made, and the roster of them.
    init(_ people: [String] = ["alice", "bob", "carol"], isFounded: Bool = true) async throws {
        scratch = try ScratchFolder()
        try scratch.write(
            """
            listen: 127.0.0.1:8080
            keys: none
            providers:
              first: {dialect: openai, base_url: "http://127.0.0.1:9/v1", api_key: sk-a, lab: lab-one, host: one, region: eu}
              second: {dialect: openai, base_url: "http://127.0.0.1:9/v1", api_key: sk-b, lab: lab-two, host: two, region: us}
            routes:
              talk: {candidates: [{provider: first, model: m}, {provider: second, model: n}]}
              alone: {candidates: [{provider: first, model: m}]}
            """, to: "holdfast.yaml")
        for person in people { _ = await run("people", "key", key(person)) }
        if isFounded { _ = await self("people", ["init"] + Self.founders(people, in: scratch.path)) }
    }

    static func named(_ people: [String], in folder: String) -> [String] {
        people.flatMap { ["--person", "\($0)=\(folder)/\($0).pub"] }
    }

    /// People who are all at hand with their keys.
    static func founders(_ people: [String], in folder: String) -> [String] {
        named(people, in: folder) + people.flatMap { ["--private-key", "\(folder)/\($0).key"] }
    }

    func key(_ person: String) -> String { "\(scratch.path)/\(person)" }

    /// The options with which a person signs.
    func signs(_ person: String) -> [String] { ["--as", person, "--private-key", key(person) + ".key"] }

    func callAsFunction(_ group: String, _ words: [String]) async -> CommandRun {
        await run([group] + words + ["--config", config])
    }

    func veto(_ words: String...) async -> CommandRun { await self("veto", words) }

    func pull(_ scopes: String..., by person: String = "alice", more: [String] = []) async -> CommandRun {
        await self(
            "veto", ["pull"] + scopes + ["--reason", "security", "--text", "a test", "--yes"] + signs(person) + more)
    }

    func decide(_ decision: String, _ id: String, by person: String, more: [String] = []) async -> CommandRun {
        await self("veto", [decision, id] + signs(person) + more)
    }

    /// A suspension, as `show --json` has it.
    func show(_ id: String) async throws -> [String: Any] {
        let done = await veto("show", id, "--json")
        let json = try JSONSerialization.jsonObject(with: Data(done.output.utf8)) as? [String: Any]
        return json ?? [:]
    }

    func approvers(_ id: String) async throws -> [String] {
        let standing = try await show(id)["standing"] as? [String: Any]
        return standing?["approvers"] as? [String] ?? []
    }

    /// The gate of a suspension fails at a server that has taken all that lies
    /// in the spool: its record lies there, too.
    func fail(_ number: Int, because reason: String) throws {
        let folder = SpoolFolder(spool)
        var mark = SpoolMark()
        let files = SpoolReader(folder).news(since: &mark).files
        let clock = VetoClock.system
        let key = VetoRecordKey(secret: try SpoolKey.loadOrMake(folder).secret)
        var desk = try VetoDesk(
            policy: VetoPolicy(), start: clock.now, boot: clock.boot, identity: VetoIdentity(key: key))
        let taken = desk.take(files, at: clock.now)
        let failed = desk.gate(number, .failed(reason: reason), at: clock.now)
        for record in taken.records + failed.records { try SpoolWriter(folder).addEntry(record.bytes) }
    }

    func files(_ kind: String) throws -> [String] {
        (try Folder.entries("\(spool)/\(kind)") ?? []).map(\.name).sorted()
    }

    /// Runs `openssl`; it has to succeed.
    static func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        struct Failed: Error { var arguments: [String] }
        guard process.terminationStatus == 0 else { throw Failed(arguments: arguments) }
    }
}
