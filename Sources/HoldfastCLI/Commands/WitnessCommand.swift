import ArgumentParser
import Glibc
import HoldfastServer
import Ledger
import LedgerDisk
import Settings
import Wire

/// `holdfast witness`
struct WitnessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness", abstract: "Cosign the checkpoints of other people's ledgers.",
        discussion: """
            A witness (C2SP tlog-witness) signs a log's checkpoint only if it goes on from the \
            one that it signed last: with a quorum of witnesses nobody can be shown a history \
            of his own. It belongs on another machine, in other hands than the log's.
            """,
        subcommands: [WitnessServe.self, WitnessKey.self], defaultSubcommand: WitnessServe.self)
}

/// The option that chooses a witness.
struct WitnessOptions: ParsableArguments {
    @Option(help: "What it remembers, with its key; made where it is missing.", completion: .directory)
    var directory: String

    @Option(help: "Its name in cosignatures, such as witness.example.com.")
    var name: String

    /// - Throws: an exit code, after the reason has been printed: in use, damaged, or another witness's.
    func open() throws -> (storage: LedgerStorage, key: SignerKey) {
        do throws(LedgerProblem) {
            let storage = try LedgerStorage(directory, for: .witnessing)
            let key = try storage.key(named: name, kind: .cosignature)
            guard key.verifier.name == name else {
                throw LedgerProblem("\(directory) is the witness \"\(key.verifier.name)\", and not \"\(name)\"")
            }
            return (storage, key)
        } catch {
            complain("holdfast: \(error)")
            throw ExitStatus.unavailable.exit
        }
    }
}

/// `holdfast witness key`
struct WitnessKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Print the witness's public key, and make it where there is none.",
        discussion: "Goes into the log's `ledger.witnesses`, and into policies.")

    @OptionGroup var options: WitnessOptions
    @Flag(help: "Print JSON, for programs.") var json = false

    func run() throws {
        let key = try verifier()
        guard json else { return print(key.vkey) }
        printJSON { json in
            json.member("name", key.name)
            json.member("vkey", key.vkey)
        }
    }

    private func verifier() throws -> VerifierKey {
        // Beside one that runs.
        if let bytes = try? LedgerFolder("\(options.directory)/private").read("key"),
            let key = SignerKey(String(decoding: bytes, as: UTF8.self).dropLast()), key.verifier.kind == .cosignature,
            key.verifier.name == options.name
        {
            return key.verifier
        }
        return try options.open().key.verifier
    }
}

/// `holdfast witness serve`, the default.
struct WitnessServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve POST /add-checkpoint.",
        usage: """
            holdfast witness serve --directory <directory> --name <name>
              --listen <listen> [<options>]
            """,
        discussion: """
            Prints its public key, then serves until SIGTERM or Ctrl-C. What it has signed is \
            on the disk before anybody is given the signature. Below --directory, `log` can be \
            served by any web server, as the protocol's monitoring prefix. For HTTPS put a \
            proxy before it.

            Example: holdfast witness --listen 127.0.0.1:8090 --directory witness \
            --name witness.example.com --log ledger.example.com+…
            """)

    @OptionGroup var options: WitnessOptions

    @Option(help: "Where to listen.") var listen: String
    @Option(help: "A log's public key (C2SP vkey); may be given more than once.") var log: [String] = []
    @Option(help: "A policy (C2SP tlog-policy), whose logs are known.", completion: .file()) var policy: String?

    func run() async throws {
        guard let address = ListenAddress(listen) else {
            complain("holdfast: --listen wants an address and a port, such as 127.0.0.1:8090")
            throw ExitStatus.usage.exit
        }
        let logs = try logs()
        let (storage, key) = try options.open()
        let witness: CheckpointWitness
        do throws(LedgerProblem) {
            witness = try CheckpointWitness(storage, key: key, logs: logs)
        } catch {
            complain("holdfast: \(error)")
            throw ExitStatus.dataError.exit
        }
        print(key.verifier.vkey)
        fflush(nil)
        do {
            try await WitnessServer(witness, key: key.verifier, logs: logs).run(at: address)
        } catch let error as StartupError {
            complain("holdfast: \(error.message)")
            throw ExitStatus(error.kind).exit
        }
    }

    private func logs() throws -> [VerifierKey] {
        var logs: [VerifierKey] = []
        for text in log {
            guard let key = VerifierKey(text), key.kind == .note else {
                complain("holdfast: --log is no key of a log: \(text)")
                throw ExitStatus.usage.exit
            }
            logs.append(key)
        }
        if let policy {
            let bytes = try GivenFile.read(policy)
            do throws(LedgerProblem) {
                logs += try LedgerPolicy(String(decoding: bytes, as: UTF8.self)).logs.map(\.key)
            } catch {
                complain("holdfast: \(error)")
                throw ExitStatus.dataError.exit
            }
        }
        guard !logs.isEmpty else {
            complain("holdfast: a witness needs logs that it knows: --log or --policy")
            throw ExitStatus.usage.exit
        }
        return logs
    }
}
