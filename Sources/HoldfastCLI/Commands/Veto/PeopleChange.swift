import ArgumentParser
import Encodings
import Signing
import Veto
import VetoSpool
import WeightFiles
import Wire

/// `holdfast people add`
struct PeopleAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Write the next version of the roster, with more people or keys, to be signed.",
        usage: "holdfast people add <name=file> ... --out <out> [<options>]",
        discussion: """
            A name that is in the roster gets another key. The file then goes from person to \
            person: each runs `holdfast people sign`, the newcomer, too, with every new key, and \
            `holdfast people accept` hands it in.

            Example: holdfast people add dave=dave.pub --out roster-2.json
            """)

    @Argument(help: ArgumentHelp("A person and a file with their public key (PEM).", valueName: "name=file"))
    var people: [NamedFile]
    @OptionGroup var change: ChangeOptions

    func run() async throws {
        let added = try await NamedFile.people(people)
        try change.write { roster in
            var people = roster.people
            for person in added {
                if let place = people.firstIndex(where: { $0.name == person.name }) {
                    people[place] = Roster.Person(name: person.name, keys: people[place].keys + person.keys)
                } else {
                    people.append(person)
                }
            }
            return people
        }
    }
}

/// `holdfast people remove`
struct PeopleRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Write the next version of the roster, without these people or keys.",
        usage: "holdfast people remove <name> ... --out <out> [<options>]",
        discussion: """
            NAME removes a person, NAME=FILE one key of theirs. Approvals of those who leave count \
            no longer.

            Example: holdfast people remove carol --out roster-3.json
            """)

    @Argument(help: "A person, or NAME=FILE for one key of theirs.")
    var names: [String]
    @OptionGroup var change: ChangeOptions

    func run() async throws {
        let (whole, single) = (Set(names.filter { !$0.contains("=") }), names.compactMap { NamedFile(argument: $0) })
        let keys = try await NamedFile.people(single)
        try change.write { roster in
            for name in whole.union(keys.map(\.name)) where !roster.people.contains(where: { $0.name == name }) {
                complain("holdfast: \(name.printable) is not in the roster; `holdfast people show` lists the people")
                throw ExitStatus.dataError.exit
            }
            return try roster.people.filter { !whole.contains($0.name) }.map { person in
                guard let gone = keys.first(where: { $0.name == person.name }) else { return person }
                guard gone.keys.allSatisfy({ person.keys.contains($0) }) else {
                    complain("holdfast: that is no key of \(person.name)'s; `holdfast people show` lists them")
                    throw ExitStatus.dataError.exit
                }
                return Roster.Person(name: person.name, keys: person.keys.filter { !gone.keys.contains($0) })
            }
        }
    }
}

/// The options that changes of the roster share.
struct ChangeOptions: ParsableArguments {
    @Option(help: "Where the statement goes that people sign.", completion: .file())
    var out: String
    @Option(help: "How many people sign the version after it. [default: as before]")
    var threshold: Int?
    @Option(help: "How long the statement is good for, 7d at most. [default: 7d]")
    var goodFor: GoodFor?
    @OptionGroup var server: ServerOption
    @Flag(help: "Print JSON, for programs.")
    var json = false

    /// Writes the statement of the next version.
    func write(_ people: (Roster) throws -> [Roster.Person]) throws {
        let current = try SpoolDesk(try server.place()).roster()
        let changed = try people(current)
        let next = try valid { () throws(VetoRefusal) in
            try current.next(threshold: threshold ?? current.threshold, people: changed, recovery: current.recovery)
        }
        try write(.roster(next), next, after: current, signers: "\(current.threshold) people")
    }

    /// The people whose new keys have to sign, too, for a person to read.
    private static func newcomers(_ next: Roster, after current: Roster) -> String {
        let known = Set(current.peoplesKeys)
        let names = next.people.filter { !$0.keys.allSatisfy(known.contains) }.map(\.name)
        return names.isEmpty ? "" : ", and \(names.joined(separator: ", ")) with each new key"
    }

    func write(_ decision: VetoStatement.Decision, _ next: Roster, after current: Roster, signers: String) throws {
        let statement = VetoStatement(
            installation: current.installation, roster: current.version, notAfter: GoodFor.end(goodFor),
            decision: decision)
        let payload = try accepted { () throws(VetoRefusal) in try statement.payload }
        try GivenFile.write(out, payload)
        guard !json else {
            return printJSON { json in
                json.member("file", out)
                RosterText.write(next, to: &json) { _ in nil }
            }
        }
        print(RosterText(next, since: { _ in nil }).whole)
        print("")
        print(
            "\(out.printable) has it, and nothing is changed yet. \(signers) sign it\(Self.newcomers(next, after: current)), each:"
        )
        print("  holdfast people sign \(out.printable) --private-key FILE")
        print("and then: holdfast people accept \(out.printable)")
    }
}

/// `holdfast people replace`
struct PeopleReplace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replace", abstract: "Break-glass: write a new roster for the recovery keys to sign.",
        usage: "holdfast people replace --person <name=file> ... --out <out> [<options>]",
        discussion: """
            For the day when the people are gone or their keys are lost. It counts a day after it is \
            handed in, is announced everywhere, and any person of the present roster cancels it. It \
            restores nothing.

            Example:
              holdfast people replace --person erin=erin.pub --person frank=frank.pub \\
                --out replacement.json
              holdfast people sign replacement.json --private-key /media/safe-1.key
              holdfast people sign replacement.json --private-key erin.key    # each newcomer
              holdfast people accept replacement.json
            """)

    @Option(
        help: ArgumentHelp(
            "A person and a file with their public key (PEM); given again for another key.", valueName: "name=file"))
    var person: [NamedFile] = []
    @OptionGroup var change: ChangeOptions

    func validate() throws {
        guard !person.isEmpty else { throw ValidationError("name the people: --person erin=erin.pub, two or more") }
    }

    func run() async throws {
        let people = try await NamedFile.people(person)
        let current = try SpoolDesk(try change.server.place()).roster()
        guard let recovery = current.recovery else {
            complain(
                "holdfast: this roster has no recovery keys; without them and without its people, make a new "
                    + "installation and order its suspensions there again (docs/veto.md)")
            throw ExitStatus.dataError.exit
        }
        let next = try valid { () throws(VetoRefusal) in
            try current.next(threshold: change.threshold ?? 2, people: people, recovery: recovery)
        }
        try change.write(
            .replace(next), next, after: current, signers: "\(recovery.threshold) recovery keys")
    }
}

/// `holdfast people cancel`
struct PeopleCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Say no to a replacement of the roster that recovery keys have announced.",
        usage: """
            holdfast people cancel --private-key <private-key> [<options>]
            holdfast people cancel --statement <file> --pae <file> [<options>]
            """,
        discussion:
            "One person of the present roster is enough.\n\nExample: holdfast people cancel --as alice --private-key alice.key"
    )

    @OptionGroup var signing: SigningOptions
    @OptionGroup var server: ServerOption
    @Flag(help: "Print JSON, for programs.")
    var json = false

    func run() async throws {
        let desk = try SpoolDesk(try server.place())
        let roster = try desk.roster()
        guard let (next, _) = desk.machine.replacement else {
            complain("holdfast: no replacement of the roster is announced; see `holdfast people show`")
            throw ExitStatus.dataError.exit
        }
        let statement = VetoStatement(
            installation: roster.installation, roster: roster.version, notAfter: signing.bytes.notAfter,
            decision: .cancel(version: next.version, digest: next.digest))
        if signing.bytes.areWanted {
            try signing.bytes.write(statement)
            return complain(signing.bytes.steps { "holdfast people accept \($0) --signature \($1) --as NAME" })
        }
        let key = try await signing.key()
        if let chain = desk.chain { _ = try signing.signer(key.publicKey, in: chain) }
        let signed = try accepted { () throws(VetoRefusal) in try SignedStatement(signing: statement, with: [key]) }
        try VetoOutcome(outcome: try await HandIn(desk: desk).take(signed), desk: desk).tell(json: json)
    }
}
