import ArgumentParser
import Encodings
import Files
import HoldfastServer
import Ledger
import LedgerDisk
import Settings
import Signing
import Veto
import VetoSpool
import WeightFiles
import Wire

/// `holdfast people init`
struct PeopleInit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make the roster, version 1: who may suspend, and who brings back.",
        usage: """
            holdfast people init --person <name=file> ... [<options>]
            """,
        discussion: """
            Done once, on the server's machine. Two people are the least. Every key of every person \
            signs the roster, so that each is shown to be held: with --out the file goes from \
            person to person, each runs `holdfast people sign` on a machine of their own, and \
            `holdfast people accept` hands it in. Keys that are at hand sign at once, with \
            --private-key. The digest that it prints stands in the ledger; compare it with the \
            others over another way. Recovery keys are sealed: some of them together may replace \
            the roster, a day after that is announced, and do nothing else.

            Examples:
              holdfast people init --person alice=alice.pub --person bob=bob.pub \\
                --out roster-1.json
              holdfast people sign roster-1.json --private-key alice.key      # and bob
              holdfast people accept roster-1.json
              holdfast people init --person alice=alice.pub --person bob=bob.pub \\
                --private-key alice.key --private-key bob.key \\
                --recovery safe-1.pub --recovery safe-2.pub --recovery-threshold 2
            """)

    @OptionGroup var people: PeopleOptions
    @Option(
        help: "The public key of a sealed recovery key; may be given more than once.", completion: .file())
    var recovery: [String] = []
    @Option(
        help:
            "A person's key that is at hand (PEM, unencrypted; a pipe will do), to sign; may be given more than once.",
        completion: .file())
    var privateKey: [String] = []
    @Option(help: "Where the roster goes, for keys that are elsewhere; nothing is made yet.", completion: .file())
    var out: String?
    @Option(help: "How many recovery keys replace the roster together. [default: 2, or 1 where there is one]")
    var recoveryThreshold: Int?
    @OptionGroup var server: ServerOption
    @Flag(help: "Print JSON, for programs.")
    var json = false

    func validate() throws {
        guard !people.person.isEmpty else {
            throw ValidationError("name the people: --person alice=alice.pub, two or more")
        }
        guard recoveryThreshold == nil || !recovery.isEmpty else {
            throw ValidationError("--recovery-threshold goes with --recovery")
        }
    }

    func run() async throws {
        let place = try server.place()
        let desk = try SpoolDesk(place)
        if let chain = desk.chain {
            complain(
                "holdfast: there is a roster already, version \(chain.current.version); change it with `holdfast people "
                    + "add` and `remove`")
            throw ExitStatus.cannotCreate.exit
        }
        let sealed = try await recoveryKeys()
        let people = try await people.read()
        let installation = try Installation.id(place)
        let roster = try valid { () throws(VetoRefusal) in
            try Roster(
                installation: installation, threshold: self.people.threshold ?? 2, people: people,
                recovery: sealed)
        }
        var file = StatementFile(payload: try payload(of: roster))
        let missing = try await sign(&file, roster)
        if let out { return try write(file, to: out, roster, missing) }
        guard missing.isEmpty else {
            complain(
                "holdfast: nothing is made: each key of the roster signs it, and these have not: "
                    + "\(missing.joined(separator: ", ")). Give those at hand with --private-key, or write the roster "
                    + "with --out FILE and have it signed where the keys are")
            throw ExitStatus.usage.exit
        }
        let signed = try accepted { () throws(VetoRefusal) in try SignedStatement(file.envelope) }
        let outcome = try await HandIn(desk: desk).take(signed)
        HandIn.explain(outcome.notice, place.spool)
        guard !json else {
            return printJSON { json in
                RosterText.write(roster, to: &json) { _ in 1 }
                json.member("recorded", outcome.isRecorded)
            }
        }
        print(RosterText(roster, since: { _ in 1 }).whole)
        print("")
        print("Compare the digest with the others over another way; the server writes it into its ledger.")
    }

    private func payload(of roster: Roster) throws -> [UInt8] {
        try accepted { () throws(VetoRefusal) in
            try VetoStatement(founding: roster, notAfter: GoodFor.end(nil)).payload
        }
    }

    /// Signs with the keys at hand.
    /// - Returns: the keys that have not signed, as people read them.
    private func sign(_ file: inout StatementFile, _ roster: Roster) async throws -> [String] {
        for path in privateKey {
            let key = try await told { () async throws(SigningProblem) in
                try ECPrivateKey(pem: try SmallFile.text(path))
            }
            guard roster.peoplesKeys.contains(key.publicKey) else {
                complain("holdfast: \(path.printable) is no key of the people that --person names")
                throw ExitStatus.dataError.exit
            }
            guard !file.isSigned(by: key.publicKey) else { continue }
            try await told { () async throws(SigningProblem) in try file.sign(with: key) }
        }
        return roster.people.flatMap { person in
            person.keys.filter { !file.isSigned(by: $0) }.map { "\(person.name) (\($0.hint.prefix(12))…)" }
        }
    }

    private func write(_ file: StatementFile, to out: String, _ roster: Roster, _ missing: [String]) throws {
        try GivenFile.write(out, file.signatures.isEmpty ? file.payload : file.envelope)
        guard !json else {
            return printJSON { json in
                json.member("file", out)
                RosterText.write(roster, to: &json) { _ in nil }
                json.array("missing") { json in for key in missing { json.value(key) } }
            }
        }
        print(RosterText(roster, since: { _ in nil }).whole)
        print("")
        print("\(out.printable) has it, and there is no roster yet.")
        if !missing.isEmpty {
            print("It is to be signed by \(missing.joined(separator: ", ")), each:")
            print("  holdfast people sign \(out.printable) --private-key FILE")
        }
        print("and then: holdfast people accept \(out.printable)")
    }

    private func recoveryKeys() async throws -> Roster.Recovery? {
        guard !recovery.isEmpty else { return nil }
        let keys = try await told { () async throws(SigningProblem) in try SignatureOptions.keys(recovery) }
        return Roster.Recovery(keys: keys, threshold: recoveryThreshold ?? min(2, keys.count))
    }
}

/// The name of one Holdfast in what people sign, so that nothing counts for
/// another one.
enum Installation {
    /// SHA-256 of the verifier key of its ledger's log (C2SP vkey), or a name
    /// that follows from the server's own secret where there is no ledger yet;
    /// in hexadecimal digits.
    /// - Throws: an exit code, once the reason has been printed.
    static func id(_ place: VetoPlace) throws -> String {
        if let log = log(place) { return VetoIdentity.installation(ofLog: log) }
        let key = try written { () throws(SpoolFault) in try SpoolKey.loadOrMake(place.spool) }
        return VetoRecordKey(secret: key.secret).installation
    }

    /// The verifier key of the ledger's log; nil where there is no ledger, or
    /// none yet.
    static func log(_ place: VetoPlace) -> String? {
        guard let ledger = place.settings?.ledger,
            let bytes = try? LedgerFolder("\(ledger.directory)/private", links: .refused).read("key"),
            let key = SignerKey(String(decoding: bytes, as: UTF8.self).dropLast())
        else { return nil }
        return key.verifier.vkey
    }
}

/// People by their names and the files of their public keys.
struct PeopleOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A person and a file with their public key (PEM); given again for another key.", valueName: "name=file"))
    var person: [NamedFile] = []
    @Option(help: "How many people sign the next version. [default: 2, or as before]")
    var threshold: Int?

    /// - Throws: an exit code, once the reason has been printed.
    func read() async throws -> [Roster.Person] { try await NamedFile.people(person) }
}

/// `alice=alice.pub`
struct NamedFile: ExpressibleByArgument {
    var name: String
    var file: String

    /// Nil, a usage error, if one of both is missing.
    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        (name, file) = (parts[0], parts[1])
    }

    /// The people, in the order of their first naming.
    /// - Throws: an exit code, once the reason has been printed.
    static func people(_ named: [NamedFile]) async throws -> [Roster.Person] {
        var names: [String] = []
        var keys: [String: [ECPublicKey]] = [:]
        for each in named {
            let key = try await told { () async throws(SigningProblem) in
                try ECPublicKey(pem: try SmallFile.text(each.file))
            }
            if keys[each.name] == nil { names.append(each.name) }
            keys[each.name, default: []].append(key)
        }
        return names.map { Roster.Person(name: $0, keys: keys[$0] ?? []) }
    }
}
