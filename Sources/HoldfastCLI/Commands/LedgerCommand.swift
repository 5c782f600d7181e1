import AdminAPI
import HoldfastServer
import ArgumentParser
import Encodings
import Files
import Ledger
import LedgerDisk
import Settings
import Wire

/// `holdfast ledger`
struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Read, prove and verify the public record.",
        subcommands: [
            LedgerShow.self, LedgerProve.self, LedgerVerify.self, LedgerKey.self, LedgerPrune.self,
        ])
}

/// The options that choose a ledger and the trusted keys.
struct LedgerOptions: ParsableArguments {
    @OptionGroup var server: ServerOption

    @Option(help: "The log's public key (C2SP vkey), instead of the one beside the settings' ledger.")
    var log: String?

    @Option(help: "A policy (C2SP tlog-policy) of logs and witnesses.", completion: .file())
    var policy: String?

    /// The ledger of the running server, or of the settings.
    func settings() throws -> LedgerSettings {
        if let ledger = server.effective()?.ledger { return try LedgerSettings(ledger) }
        guard let ledger = try server.loadSettings().ledger else {
            complain("holdfast: the settings have no `ledger`; add `ledger: {name: ledger.example.com}`")
            throw ExitStatus.config.exit
        }
        return ledger
    }

    func folder() throws -> LedgerFolder { LedgerFolder("\(try settings().directory)/log", links: .refused) }

    /// - Parameter target: a copy of the public folder, or an address; the
    ///   settings' own ledger where it is nil.
    func reader(of target: String?) throws -> any LedgerReader {
        guard let target else { return try folder() }
        if target.hasPrefix("http://") || target.hasPrefix("https://") { return HTTPLedger(target) }
        let isThere: Bool
        do throws(FileFault) {
            isThere = try Folder.entries(target) != nil
        } catch {
            // The reader says it better.
            isThere = true
        }
        guard isThere else {
            complain("holdfast: \(target.printable) is not there")
            throw ExitStatus.noInput.exit
        }
        return LedgerFolder(target)
    }

    /// - Parameter isOwn: the ledger is the settings' own, whose key is known.
    func trusted(isOwn: Bool) throws -> LedgerPolicy {
        if let policy {
            let bytes = try GivenFile.read(policy)
            return try told { () throws(LedgerProblem) in try LedgerPolicy(String(decoding: bytes, as: UTF8.self)) }
        }
        if let log {
            guard let key = VerifierKey(log), key.kind == .note else {
                complain("holdfast: --log is no key of a log; `holdfast ledger key` prints one")
                throw ExitStatus.usage.exit
            }
            return LedgerPolicy(log: key)
        }
        guard isOwn else {
            complain("holdfast: name the log's key with --log or --policy: a ledger can't vouch for itself")
            throw ExitStatus.usage.exit
        }
        return try ownPlan().policy.withoutQuorum
    }

    /// The witnesses of the settings' own ledger.
    func ownPlan() throws -> WitnessPlan {
        let (settings, key) = (try settings(), try ownKey())
        return try told { () throws(LedgerProblem) in try WitnessPlan(settings, log: key) }
    }

    func ownKey() throws -> VerifierKey {
        let directory = try settings().directory
        let bytes = try told { () throws(LedgerProblem) in
            try LedgerFolder("\(directory)/private", links: .refused).read("key")
        }
        guard let bytes, let key = SignerKey(String(decoding: bytes, as: UTF8.self).dropLast()) else {
            complain("holdfast: there is no ledger in \(directory) yet; `holdfast serve` begins it")
            throw ExitStatus.noInput.exit
        }
        return key.verifier
    }

    func told<T>(_ work: () throws(LedgerProblem) -> T) throws -> T {
        do {
            return try work()
        } catch {
            complain("holdfast: \(error)")
            throw (error.kind == .unreadable ? ExitStatus.noInput : .dataError).exit
        }
    }
}

/// `holdfast ledger key`
struct LedgerKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Print the log's public key.",
        usage: "holdfast ledger key [<options>]",
        discussion: "Give it to whoever is to check the ledger; it goes into --log and into policies.")

    @OptionGroup var options: LedgerOptions
    @Flag(help: "Print JSON, for programs.") var json = false

    func run() throws {
        let key = try options.ownKey()
        guard json else { return print(key.vkey) }
        printJSON { json in
            json.member("name", key.name)
            json.member("vkey", key.vkey)
        }
    }
}

/// `holdfast ledger verify`
struct LedgerVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Hash a ledger anew, up to its signed root.",
        usage: "holdfast ledger verify [<target>] [<options>]",
        discussion: """
            Every entry, every tile, the signatures, and that the log goes on from its kept \
            checkpoints and from yours. holdfast-verify does the same without the rest of \
            Holdfast. The exit code is 65 where something doesn't hold, 66 where nothing could be \
            read.

            Example: holdfast ledger verify https://gateway.example/ledger --log example.com+…
            """)

    @Argument(help: "A copy of the public folder, or an address; the settings' own ledger by default.")
    var target: String?

    @OptionGroup var options: LedgerOptions

    @Option(help: "A checkpoint that you have kept; may be given more than once.", completion: .file())
    var trusted: [String] = []

    @Flag(help: "Print JSON, for programs.") var json = false

    func run() throws {
        let reader = try options.reader(of: target)
        let policy = try options.trusted(isOwn: target == nil)
        let kept = try trusted.map { try GivenFile.read($0) }
        let report = try options.told { () throws(LedgerProblem) in
            try LedgerVerifier(reader, policy: policy).verify(trusted: kept)
        }
        guard json else { return print(report.text) }
        printJSON { json in
            json.member("ledger", report.checkpoint.checkpoint.origin)
            json.member("entries", Int(report.checkpoint.size))
            json.member("root", report.checkpoint.root.base64)
            json.member("files", report.files)
            json.member("minimum_index", Int(report.minimumIndex))
            json.array("cosignatures") { json in
                for cosignature in report.checkpoint.cosignatures {
                    json.object { json in
                        json.member("witness", cosignature.witness)
                        json.member("time", Int(clamping: cosignature.time))
                        json.member("verified", cosignature.isVerified)
                    }
                }
            }
            json.member("witnessed_entries", ifPresent: report.witnessed.map { Int($0.size) })
            json.array("extends") { json in for size in report.extended { json.value(Int(size)) } }
            json.array("left_over") { json in for file in report.leftovers { json.value(file) } }
            json.array("caveats") { json in for caveat in report.caveats { json.value(caveat) } }
        }
    }
}

extension LedgerSettings {
    /// - Throws: an exit code, where a newer Holdfast has written it.
    fileprivate init(_ view: EffectiveView.Ledger) throws {
        self.init(name: view.name, directory: view.directory)
        policyFile = view.policyFile
        for witness in view.witnesses {
            func unreadable(_ reason: String) -> ExitCode {
                complain("holdfast: the running server has a witness that this version can't read: \(reason)")
                return ExitStatus.unavailable.exit
            }
            guard let key = VerifierKey(witness.key) else { throw unreadable("\(witness.key) is no public key") }
            do throws(BaseURL.Refusal) {
                witnesses.append(WitnessSettings(url: try BaseURL(witness.url), key: key))
            } catch {
                throw unreadable("its address \(error.words)")
            }
        }
    }
}
