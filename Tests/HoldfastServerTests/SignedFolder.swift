import Custody
import EngineHost
import Foundation
import Signing
import StorageTesting
import WeightFiles
import WeightSigning
import WeightsTesting

/// A model's folder on a disk, signed, with the statement of its custodians.
struct SignedFolder {
    let scratch = ScratchFolder()
    let signer = ECPrivateKey()
    let custodians = (0..<3).map { _ in ECPrivateKey() }
    let model: [UInt8]
    /// Of the manifest that was signed last.
    private(set) var root: [UInt8] = []

    /// Seconds since 1970; certificates of ``Authority`` hold then.
    static let now = Int(Authority.now)

    /// - Parameter others: names of further files.
    init(_ model: TinyModel = TinyModel(), others: [String] = ["config.json"]) throws {
        self.model = model.bytes
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try write(self.model, to: "m.gguf")
        for name in others { try write(Array(name.utf8), to: name) }
        try sign()
        try write(signer.publicKey.pem, beside: "signer.pub")
        for (number, key) in custodians.enumerated() { try write(key.publicKey.pem, beside: "custodian-\(number).pub") }
    }

    var path: String { scratch.path + "/model" }

    /// The path of a file beside the model's folder.
    func beside(_ name: String) -> String { scratch.path + "/" + name }

    func write(_ bytes: [UInt8], to name: String) throws { try scratch.write(Data(bytes), to: "model/" + name) }

    func write(_ text: String, beside name: String) throws { try scratch.write(Data(text.utf8), to: name) }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }

    // MARK: Signing

    /// Signs what lies there.
    mutating func sign() throws { try sign(with: ModelSigner(key: signer)) }

    mutating func sign(with signer: ModelSigner) throws {
        let signed = try signer.sign(try ModelOnDisk(path), named: "model", ignoring: [])
        root = signed.root
        try write(signed.bundle.text, beside: "model.sig")
    }

    /// Has custodians sign terms, as many as the keys that are given.
    func state(
        by keys: [ECPrivateKey]? = nil, _ change: (inout CustodyTerms) -> Void = { _ in }
    ) throws {
        var terms = CustodyTerms(
            model: "tiny", root: root, role: .primary, epoch: 5, notAfter: Int64(Self.now) + 3600,
            mappings: [.init(name: "engine", digest: Array(repeating: 2, count: 32))], chatTemplate: nil,
            egressBitsPerDay: 1 << 20)
        change(&terms)
        try write(
            try CustodyStatement(signing: terms, with: keys ?? Array(custodians.prefix(2))).text, beside: "custody.json"
        )
    }

    // MARK: Settings

    /// - Parameters:
    ///   - wholeFolder: true if the folder was signed, and not the file alone.
    ///   - roots: of certificates, in place of the signer's key.
    ///   - hasTerms: true if custodians have to agree.
    func signed(
        wholeFolder: Bool = true, roots: [String] = [], hasTerms: Bool = false
    ) -> SignedModelSource {
        SignedModelSource(
            folder: wholeFolder ? path : nil, signature: beside("model.sig"),
            keys: roots.isEmpty ? [beside("signer.pub")] : [], roots: roots,
            terms: hasTerms
                ? .init(
                    statement: beside("custody.json"),
                    custodians: custodians.indices.map { beside("custodian-\($0).pub") }, threshold: 2, model: nil)
                : nil)
    }

    func source(_ file: String = "m.gguf", _ signed: SignedModelSource? = nil) -> WeightsSource {
        WeightsSource(modelFile: "\(path)/\(file)", signed: signed)
    }

    func engine(_ signed: SignedModelSource?) -> EngineConfiguration {
        EngineConfiguration(
            provider: "here", launcher: .command(["no-engine"]), modelFile: path + "/m.gguf", signed: signed,
            alias: "tiny", runDirectory: beside("run"))
    }
}
