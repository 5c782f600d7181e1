import ArgumentParser
import Files
import Ledger
import LedgerDisk
import Settings

/// `holdfast ledger`
struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Read, prove and verify the public record.",
        subcommands: [
            LedgerShow.self, LedgerProve.self, LedgerVerify.self, LedgerKey.self, LedgerPrune.self, LedgerMeasure.self,
        ])
}

/// Which ledger, and who is believed.
struct LedgerOptions: ParsableArguments {
    @OptionGroup var config: ConfigOption

    @Option(help: "The log's public key (C2SP vkey), instead of the one beside the settings' ledger.")
    var log: String?

    @Option(help: "A policy (C2SP tlog-policy) of logs and witnesses.", completion: .file())
    var policy: String?

    /// The settings' own ledger.
    func settings() throws -> LedgerSettings {
        guard let ledger = try config.load(warns: false).ledger else {
            complain("holdfast: the settings have no `ledger`; add `ledger: {name: ledger.example.com}`")
            throw ExitStatus.config.exit
        }
        return ledger
    }

    func folder() throws -> LedgerFolder { LedgerFolder("\(try settings().directory)/log", links: .refused) }

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
            throw ExitStatus.dataError.exit
        }
    }
}

/// `holdfast ledger key`
struct LedgerKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Print the log's public key.",
        discussion: "Give it to whoever is to check the ledger; it goes into --log and into policies.")

    @OptionGroup var options: LedgerOptions

    func run() throws { print(try options.ownKey().vkey) }
}

/// `holdfast ledger verify`
struct LedgerVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Hash a ledger anew, up to its signed root.",
        discussion: """
            Every entry, every tile, the signatures, and that the log goes on from its kept \
            checkpoints and from yours. holdfast-verify does the same without the rest of \
            Holdfast. The exit code is 65 where something doesn't hold.

            Example: holdfast ledger verify https://gateway.example/ledger --log example.com+…
            """)

    @Argument(help: "A copy of the public folder, or an address; the settings' own ledger by default.")
    var target: String?

    @OptionGroup var options: LedgerOptions

    @Option(help: "A checkpoint that you have kept; may be given more than once.", completion: .file())
    var trusted: [String] = []

    func run() throws {
        let reader: any LedgerReader
        if let target {
            reader =
                target.hasPrefix("http://") || target.hasPrefix("https://") ? HTTPLedger(target) : LedgerFolder(target)
        } else {
            reader = try options.folder()
        }
        let policy = try options.trusted(isOwn: target == nil)
        let kept = try trusted.map { try GivenFile.read($0) }
        let report = try options.told { () throws(LedgerProblem) in
            try LedgerVerifier(reader, policy: policy).verify(trusted: kept)
        }
        print(report.text)
    }
}
