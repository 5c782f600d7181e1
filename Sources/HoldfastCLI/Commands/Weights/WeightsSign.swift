import Signing
import WeightFiles
import ArgumentParser
import Encodings
import WeightSigning
import Wire

/// `holdfast weights sign`
struct WeightsSign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign a model: every file of a folder, or one file.",
        usage: "holdfast weights sign <model> --private-key <private-key> [<options>]",
        discussion: """
            Makes an OpenSSF Model Signing bundle, by files and SHA-256, which model-signing 1.1 \
            verifies, too. A key alone signs, or a key with its certificates. What version control \
            keeps in the folder (.git, .gitattributes, .github, .gitignore) is not signed, and \
            `holdfast weights verify` refuses the model while it lies there.

            Examples:
              holdfast weights sign models/qwen --private-key signer.key
              holdfast weights sign models/qwen --private-key <(age -d signer.key.age)
            """)

    @Argument(help: "The model's folder, or its file.", completion: .file()) var model: String
    @Option(help: "The key (PEM, P-256, P-384 or P-521), unencrypted; a pipe will do.", completion: .file())
    var privateKey: String
    @Option(help: "The key's certificate (PEM).", completion: .file()) var certificate: String?
    @Option(
        help: "Certificates (PEM) that lead from it to a root; may be given more than once.", completion: .file())
    var chain: [String] = []
    @Option(help: "Where the signature goes; MODEL.sig by default.", completion: .file()) var signature: String?
    @Option(help: "A path below the model's folder that is not signed; may be given more than once.")
    var ignore: [String] = []

    @Option(help: "What it may be loaded for: primary, supervisor or adapter.") var role = CustodyRole.primary

    @Flag(help: "Print JSON, for programs.") var json = false

    func validate() throws {
        guard chain.isEmpty || certificate != nil else { throw ValidationError("--chain goes with --certificate") }
        for path in ignore where ModelPath(path) == nil {
            throw ValidationError("--ignore wants a path below the model's folder, such as notes or docs/draft.md")
        }
    }

    func run() async throws {
        let (signed, file) = try await told { () async throws(SigningProblem) in
            let files = try ModelOnDisk(model)
            let signer = try signer()
            let file = signature ?? "\(files.path).sig"
            var ignored = ignore.compactMap { ModelPath($0) }
            if let own = files.place(of: file) { ignored.append(own) }
            let signed = try signer.sign(files, named: files.name, ignoring: ignored, as: role)
            try SmallFile.write(signed.bundle.text, to: file, mode: 0o644, replaces: true)
            let lies = signed.unsigned.filter { $0 != files.place(of: file) }
            for path in lies.prefix(20) { complain("not signed: \(path)") }
            if lies.count > 20 { complain("not signed: \(lies.count - 20) more") }
            if !lies.isEmpty {
                complain(
                    "`holdfast weights verify` refuses the model while they lie there; its --move-aside moves them")
            }
            return (signed, file)
        }
        guard !json else {
            return printJSON { json in
                json.member("files", signed.files)
                json.member("signature", file)
                json.member("root", Hex.encode(signed.root))
            }
        }
        print("\(signed.files) \(signed.files == 1 ? "file" : "files") signed, in \(file.printable)")
        print("root  \(Hex.encode(signed.root))")
    }

    private func signer() throws(SigningProblem) -> ModelSigner {
        let key = try ECPrivateKey(pem: try SmallFile.text(privateKey))
        guard let certificate else { return ModelSigner(key: key) }
        var texts: [String] = []
        for path in chain { texts.append(try SmallFile.text(path)) }
        return try ModelSigner(key: key, certificate: try SmallFile.text(certificate), chain: texts)
    }
}
