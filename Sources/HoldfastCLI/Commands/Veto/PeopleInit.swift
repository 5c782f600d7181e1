import ArgumentParser
import Crypto
import Encodings
import Files
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
            Done once, on the server's machine, with public keys alone. Two people are the least. \
            The digest that it prints stands in the ledger; compare it with the others over another \
            way. Recovery keys are sealed: some of them together may replace the roster, a day \
            after that is announced, and do nothing else.

            Examples:
              holdfast people init --person alice=alice.pub --person bob=bob.pub \\
                --person carol=carol.pub
              holdfast people init --person alice=alice.pub --person bob=bob.pub \\
                --recovery safe-1.pub --recovery safe-2.pub --recovery-threshold 2
            """)

    @OptionGroup var people: PeopleOptions
    @Option(
        help: "The public key of a sealed recovery key; may be given more than once.", completion: .file())
    var recovery: [String] = []
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
        let roster = try valid { () throws(VetoRefusal) in
            try Roster(
                installation: Installation.id(place), threshold: self.people.threshold ?? 2, people: people,
                recovery: sealed)
        }
        try written { () throws(SpoolFault) in try place.writer.addRoster(version: 1, roster.canonical) }
        let notice = await place.notify()
        HandIn.explain(notice, place.spool)
        guard !json else {
            return printJSON { json in
                RosterText.write(roster, to: &json) { _ in 1 }
                json.member("recorded", notice.isLooked)
            }
        }
        print(RosterText(roster, since: { _ in 1 }).whole)
        print("")
        print("Compare the digest with the others over another way; the server writes it into its ledger.")
    }

    private func recoveryKeys() async throws -> Roster.Recovery? {
        guard !recovery.isEmpty else { return nil }
        let keys = try await told { () async throws(SigningProblem) in try SignatureOptions.keys(recovery) }
        return Roster.Recovery(keys: keys, threshold: recoveryThreshold ?? min(2, keys.count))
    }
}

extension VetoPlace.Notice {
    /// True where the server has looked.
    var isLooked: Bool {
        if case .looked = self { return true }
        return false
    }
}

/// The name of one Holdfast in what people sign, so that nothing counts for
/// another one.
enum Installation {
    /// SHA-256 of the public key of its ledger's log (C2SP vkey), or random
    /// digits where there is no ledger yet; in hexadecimal digits.
    static func id(_ place: VetoPlace) -> String {
        if let ledger = place.settings?.ledger,
            let bytes = try? LedgerFolder("\(ledger.directory)/private", links: .refused).read("key"),
            let key = SignerKey(String(decoding: bytes, as: UTF8.self).dropLast())
        {
            return Hex.encode(SHA256.hash(data: Array(key.verifier.vkey.utf8)))
        }
        return Nonce.make() + Nonce.make()
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
