import ArgumentParser
import Encodings
import Signing
import Veto
import VetoSpool
import WeightFiles
import Wire

/// `holdfast people`
struct PeopleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "people", abstract: "The people who may suspend, and bring back: the roster and its changes.",
        discussion: """
            Each person makes a key on a machine of their own. One makes the roster, once, and all \
            sign it; later versions are signed by the threshold of the version before, and with \
            every new key. A newcomer counts for suspensions that are ordered later.

            Examples:
              holdfast people key ~/keys/alice
              holdfast people init --person alice=alice.pub --person bob=bob.pub --out roster-1.json
              holdfast people sign roster-1.json --private-key ~/keys/alice.key
              holdfast people accept roster-1.json
              holdfast people add dave=dave.pub --out roster-2.json
              holdfast people sign roster-2.json --as alice --private-key ~/keys/alice.key
              holdfast people accept roster-2.json
            """,
        subcommands: [
            PeopleKey.self, PeopleInit.self, PeopleShow.self, PeopleAdd.self, PeopleRemove.self, PeopleSign.self,
            PeopleAccept.self, PeopleReplace.self, PeopleCancel.self,
        ])
}

/// `holdfast people key`
struct PeopleKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Make a person's key, on P-256.",
        usage: "holdfast people key <name> [<options>]",
        discussion: """
            Writes NAME.key, readable by its owner only and not encrypted, and NAME.pub. The \
            private key stays on the person's machine: nothing of Holdfast ever asks for it but the \
            commands that sign. Only NAME.pub goes to the server.

            Example: holdfast people key ~/keys/alice
            """)

    @Argument(help: "Where they go, without .key and .pub.", completion: .file())
    var name: String
    @Flag(help: "Print JSON, for programs.")
    var json = false

    func run() async throws {
        let key = ECPrivateKey()
        try await told { () async throws(SigningProblem) in
            try SmallFile.write(key.pem, to: "\(name).key", mode: 0o600, replaces: false)
            try SmallFile.write(key.publicKey.pem, to: "\(name).pub", mode: 0o644, replaces: false)
        }
        guard !json else {
            return printJSON { json in
                json.member("hint", key.publicKey.hint)
                json.member("private_key", "\(name).key")
                json.member("public_key", "\(name).pub")
            }
        }
        print("\(name).key stays here; \(name).pub is for the roster: holdfast people init --person NAME=\(name).pub")
        print("key  \(key.publicKey.hint)")
    }
}

/// `holdfast people show`
struct PeopleShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the roster in force, and a replacement that is announced.")

    @OptionGroup var server: ServerOption
    @Flag(help: "Print JSON, for programs.")
    var json = false

    func run() async throws {
        let desk = try SpoolDesk(try server.place())
        for problem in desk.problems { complain("warning: \(problem)") }
        let roster = try desk.roster()
        guard !json else { return printJSON { Self.write(roster, desk, to: &$0) } }
        print(RosterText(roster, since: { desk.chain?.since(of: $0) }).whole)
        if let (next, due) = desk.machine.replacement {
            print("")
            print(
                "ANNOUNCED: recovery keys replace it by version \(next.version) at \(StatusText.moment(due)), unless a "
                    + "person cancels that: holdfast people cancel --as NAME --private-key FILE")
            print(RosterText(next, since: { _ in nil }).whole)
        }
        if !desk.machine.stranded.isEmpty {
            let ids = desk.machine.stranded.map { "S\($0)" }.joined(separator: ", ")
            print("")
            print("WARNING: fewer than two people count for \(ids): nobody can bring that back.")
        }
    }

    private static func write(_ roster: Roster, _ desk: SpoolDesk, to json: inout JSONWriter) {
        RosterText.write(roster, to: &json) { desk.chain?.since(of: $0) }
        if let (next, due) = desk.machine.replacement {
            json.object("replacement") { json in
                json.member("due", due)
                RosterText.write(next, to: &json) { _ in nil }
            }
        }
        json.array("stranded") { json in for number in desk.machine.stranded { json.value("S\(number)") } }
    }
}

/// A version of the roster as people, and programs, read it.
struct RosterText {
    private let roster: Roster
    private let since: (String) -> Int?

    /// - Parameter since: the version since which a person counts.
    init(_ roster: Roster, since: @escaping (String) -> Int?) {
        self.roster = roster
        self.since = since
    }

    var whole: String {
        var rows = [["PERSON", "KEY", "COUNTS FOR SUSPENSIONS UNDER"]]
        for person in roster.people {
            for key in person.keys {
                let version = since(person.name).map { "version \($0) and later" } ?? "version \(roster.version)"
                rows.append([person.name, "\(key.curveName) \(key.hint)", version])
            }
        }
        var lines = [
            "Roster, version \(roster.version): \(roster.threshold) people change it, 2 bring back",
            "digest        \(Hex.encode(roster.digest))", "installation  \(roster.installation)", "",
            Table(rows: rows).text,
        ]
        if let recovery = roster.recovery {
            lines += ["", "\(recovery.threshold) of \(recovery.keys.count) recovery keys may replace it, after a day:"]
            lines += recovery.keys.map { "  \($0.curveName) \($0.hint)" }
        }
        return lines.joined(separator: "\n")
    }

    static func write(_ roster: Roster, to json: inout JSONWriter, since: (String) -> Int?) {
        json.member("version", roster.version)
        json.member("digest", Hex.encode(roster.digest))
        json.member("installation", roster.installation)
        json.member("threshold", roster.threshold)
        json.array("people") { json in
            for person in roster.people {
                json.object { json in
                    json.member("name", person.name)
                    json.array("keys") { json in for key in person.keys { json.value(key.hint) } }
                    if let since = since(person.name) { json.member("since", since) }
                }
            }
        }
        if let recovery = roster.recovery {
            json.object("recovery") { json in
                json.member("threshold", recovery.threshold)
                json.array("keys") { json in for key in recovery.keys { json.value(key.hint) } }
            }
        }
    }
}
