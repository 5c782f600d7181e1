import ArgumentParser
import Encodings
import EngineHost
import Files
import HoldfastServer
import Settings
import Signing
import WeightFiles
import WeightSigning
import Wire

/// `holdfast supervisor`
struct SupervisorCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervisor", abstract: "Set up the second model that stands over all others.",
        subcommands: [SupervisorInstall.self])
}

/// `holdfast supervisor install`
struct SupervisorInstall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Fetch, convert, pin and sign the supervisor's model; needs no clone.",
        usage: "holdfast supervisor install [<options>]",
        discussion: """
            Fetches all-MiniLM-L6-v2 (84 MB), pinned by version and hash, writes it as a GGUF file \
            whose hash is pinned, too, and signs it for the role `supervisor`: it is loaded in no \
            other, and no other model in its place. Without --private-key it is signed with a key \
            that is made here, which is for trying out: for a service that matters, sign it with a \
            key that is kept elsewhere and that signs none of your other models.

            What is there already is not fetched again. Needs Python 3.11 or newer with venv, the \
            package index that pip is set up for, and the engine of `holdfast engine install`.

            Example: holdfast supervisor install --private-key ~/keys/supervisor-publisher.key
            """)

    @OptionGroup var config: ConfigOption
    @Option(help: "The folder, instead of .holdfast beside the settings.", completion: .directory)
    var into: String?
    @Option(help: "The Python that converts the model.", completion: .file())
    var python = "python3"
    @Option(help: "The key (PEM) that signs it; by default one that is made here.", completion: .file())
    var privateKey: String?
    @Flag(help: "Print JSON, for programs; progress goes to standard error.")
    var json = false

    func run() async throws {
        let folder = into ?? RunDirectory(besideSettings: config.file).house
        let status = try ChildProcess.run([python, "-I", "-c", SupervisorInstaller.script, "--into", folder])
        guard status == 0 else { throw ExitStatus.unavailable.exit }
        let model = SupervisorInstaller.modelFile(in: folder)
        let (publicKey, root) = try await told { () async throws(SigningProblem) in try sign(model, folder) }
        guard !json else {
            return printJSON { json in
                json.member("model_file", model)
                json.member("signature", "\(model).sig")
                json.member("public_key", publicKey)
                json.member("root", Hex.encode(root))
            }
        }
        print(
            """
            The supervisor's model is installed, and signed for that role. In the settings:
              supervision:
                engine:
                  model_file: \(model)
                  lab: sentence-transformers
                  signed: { keys: \(publicKey) }
            """)
    }

    /// - Returns: the file of the public key, and the manifest's root.
    private func sign(_ model: String, _ folder: String) throws(SigningProblem) -> (key: String, root: [UInt8]) {
        let (key, publicKey) = try key(folder)
        let files = try ModelOnDisk(model)
        let signed = try ModelSigner(key: key).sign(files, named: files.name, ignoring: [], as: .supervisor)
        try SmallFile.write(signed.bundle.text, to: "\(model).sig", mode: 0o644, replaces: true)
        return (publicKey, signed.root)
    }

    private func key(_ folder: String) throws(SigningProblem) -> (ECPrivateKey, String) {
        let name = "\(folder)/supervisor"
        if let privateKey {
            let key = try ECPrivateKey(pem: try SmallFile.text(privateKey))
            try SmallFile.write(key.publicKey.pem, to: "\(name).pub", mode: 0o644, replaces: true)
            return (key, "\(name).pub")
        }
        if FileKind.at("\(name).key") != nil {
            let key = try ECPrivateKey(pem: try SmallFile.text("\(name).key"))
            try SmallFile.write(key.publicKey.pem, to: "\(name).pub", mode: 0o644, replaces: true)
            return (key, "\(name).pub")
        }
        let key = ECPrivateKey()
        try SmallFile.write(key.pem, to: "\(name).key", mode: 0o600, replaces: false)
        try SmallFile.write(key.publicKey.pem, to: "\(name).pub", mode: 0o644, replaces: true)
        complain("signed with a key that was made here, \(name).key: for trying out")
        return (key, "\(name).pub")
    }
}
