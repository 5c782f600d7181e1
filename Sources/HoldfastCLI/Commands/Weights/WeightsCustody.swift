import HoldfastServer
import Signing
import WeightFiles
import Access
import ArgumentParser
import Encodings
import Files
import WeightFormats
import WeightSigning
import Wire

/// `holdfast weights custody`
struct WeightsCustody: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "custody", abstract: "Sign on what terms a model may be in service; two or more must.",
        usage: """
            holdfast weights custody <model> --model-id <model-id> --role <role>
              --epoch <epoch> --not-after <not-after> --private-key <private-key>
              --egress-bits-per-day <egress-bits-per-day> [<options>]
            """,
        discussion: """
            Verifies the model, hashes what its engine will run, and signs both together with the \
            model's role. Where the file exists already, the signature is added, if its terms are \
            the same to the byte: custodians put the terms together themselves, each where their \
            key is, and never sign what a file shows them.

            Example:
              holdfast weights custody models/qwen --public-key publisher.pub --model-id qwen \\
                --role primary --epoch 4 --not-after 2027-06-30 --egress-bits-per-day 80000000 \\
                --mapping bin/engine --mapping lib/libllama.so --private-key custodian-1.key
            """)

    @Argument(help: "The model's folder, or its file.", completion: .file()) var model: String
    @OptionGroup var options: SignatureOptions
    @Option(help: "The name by which Holdfast knows the model.") var modelID: String
    @Option(help: "What it may be loaded for: primary, supervisor or adapter.") var role: CustodyRole
    @Option(help: "Higher than in any statement before.") var epoch: UInt64
    @Option(help: "Until when: 2027-01-31, 2027-01-31T18:00:00Z, or 90d from now.") var notAfter: Expiry
    @Option(
        help: "A file whose code the engine may run (launcher, interpreter, libraries); give all.", completion: .file())
    var mapping: [String] = []
    @Option(
        help: "A list of such files as sha256sum writes it; `holdfast weights engine` does.", completion: .file())
    var mappings: String?
    @Option(
        help: "The GGUF file whose chat template is pinned; by default the model's only one.", completion: .file())
    var templateOf: String?
    @Option(help: "Bits that answers and embeddings may carry out in a day.") var egressBitsPerDay: UInt64
    @Option(help: "A custodian's key; may be given more than once.", completion: .file()) var privateKey: [String]
    @Option(help: "Where the statement goes; MODEL.custody by default.", completion: .file()) var out: String?

    @Flag(help: "Print JSON, for programs.") var json = false

    func validate() throws {
        guard (1...UInt64(Int64.max)).contains(epoch) else { throw ValidationError("--epoch must be 1 or more") }
        guard (1...UInt64(Int64.max)).contains(egressBitsPerDay) else {
            throw ValidationError("--egress-bits-per-day must be 1 or more")
        }
        guard notAfter.time > .now else { throw ValidationError("--not-after \(notAfter.time) is in the past") }
    }

    func run() async throws {
        let (file, signatures) = try await told { () async throws(SigningProblem) in
            let files = try ModelOnDisk(model)
            let file = out ?? "\(files.path).custody"
            let manifest = try await options.manifest(of: files)
            let own = Set([options.file(for: files), file].compactMap { files.place(of: $0) })
            guard try ModelComparison(manifest, files, own: own).holds else {
                throw SigningProblem(
                    .mismatch, "the model is not what was signed", remedy: "see `holdfast weights verify`")
            }
            var keys: [ECPrivateKey] = []
            for path in privateKey { keys.append(try ECPrivateKey(pem: try SmallFile.text(path))) }
            var statement = try CustodyStatement(signing: try terms(files, manifest), with: keys)
            if FileKind.at(file) != nil {
                let kept = try CustodyStatement(try SmallFile.read(file, most: CustodyStatement.mostBytes))
                statement = try kept.joined(with: statement)
            }
            try SmallFile.write(statement.text, to: file, mode: 0o644, replaces: true)
            return (file, statement.signatures)
        }
        guard !json else {
            return printJSON { json in
                json.member("statement", file)
                json.member("signatures", signatures)
            }
        }
        let count = "\(signatures) \(signatures == 1 ? "signature" : "signatures")"
        print("\(file.printable) has \(count) now; \(CustodyKeys.least) or more custodians must sign")
    }

    private func terms(_ files: ModelOnDisk, _ manifest: ModelManifest) throws(SigningProblem) -> CustodyTerms {
        var mappings: [CustodyTerms.Mapping] = []
        for path in mapping {
            let file = try ModelOnDisk(path)
            guard file.isFile, let place = ModelPath(file.name) else {
                throw SigningProblem(.unreadable, "\(path.printable) is no file", remedy: "name each file by itself")
            }
            var digest = StreamingDigest(.sha256)
            try file.read(place) { bytes throws(SigningProblem) in digest.update(bytes) }
            mappings.append(.init(name: path, digest: digest.finish()))
        }
        if let list = self.mappings {
            for line in try SmallFile.text(list).split(separator: "\n") {
                let digits = line.prefix { $0 != " " }
                guard let digest = Hex.decode(digits), digest.count == 32, line.dropFirst(64).hasPrefix("  ") else {
                    throw SigningProblem(
                        .malformed, "\(list.printable) holds a line that is no digest and name",
                        remedy: "give a list as `holdfast weights engine` or sha256sum writes it")
                }
                mappings.append(.init(name: String(line.dropFirst(66)), digest: digest))
            }
        }
        return CustodyTerms(
            model: modelID, root: manifest.root, role: role, epoch: epoch, notAfter: notAfter.time.seconds,
            mappings: mappings, chatTemplate: try template(files, manifest), egressBitsPerDay: egressBitsPerDay)
    }

    /// - Returns: nil where the model has none.
    private func template(_ files: ModelOnDisk, _ manifest: ModelManifest) throws(SigningProblem) -> [UInt8]? {
        var path = templateOf
        if path == nil {
            let names = manifest.files.compactMap(\.path.text).filter { $0.hasSuffix(".gguf") }
            guard names.count < 2 else {
                throw SigningProblem(
                    .mismatch, "the model has \(names.count) GGUF files", remedy: "name one of them with --template-of")
            }
            path = names.first.map { files.isFile ? files.path : "\(files.path)/\($0)" }
        }
        guard let path else { return nil }
        do throws(FormatProblem) {
            let template = try WeightFile(reading: try WeightFileOnDisk(path)).chatTemplate
            return template.map { StreamingDigest.sha256($0.bytes) }
        } catch {
            throw SigningProblem(.malformed, "\(path.printable): \(error.what)", remedy: error.remedy)
        }
    }
}
