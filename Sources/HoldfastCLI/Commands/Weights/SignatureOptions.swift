import Signing
import WeightFiles
import HoldfastServer
import Access
import ArgumentParser
import WeightSigning

/// The options that choose a signature and the trusted signers.
struct SignatureOptions: ParsableArguments {
    @Option(help: "The signature; MODEL.sig by default.", completion: .file()) var signature: String?
    @Option(help: "The signer's public key (PEM); may be given more than once.", completion: .file())
    var publicKey: [String] = []
    @Option(
        help: "The root certificate of whoever may sign (PEM), where certificates sign; may be given more than once.",
        completion: .file())
    var root: [String] = []

    func validate() throws {
        guard publicKey.isEmpty != root.isEmpty else {
            throw ValidationError("name who may sign the model, by --public-key or by --root; nobody is by default")
        }
    }

    func file(for model: ModelOnDisk) -> String { signature ?? "\(model.path).sig" }

    func trust() throws(SigningProblem) -> ModelTrust {
        if publicKey.isEmpty {
            var texts: [String] = []
            for path in root { texts.append(try SmallFile.text(path)) }
            return .roots(try CertificateRoots(pem: texts))
        }
        return .keys(try Self.keys(publicKey))
    }

    static func keys(_ paths: [String]) throws(SigningProblem) -> [ECPublicKey] {
        var keys: [ECPublicKey] = []
        for path in paths { keys.append(try ECPublicKey(pem: try SmallFile.text(path))) }
        return keys
    }

    /// Returns the signed manifest of the model, after the signature is verified.
    func manifest(of model: ModelOnDisk) async throws(SigningProblem) -> ModelManifest {
        let bytes = try SmallFile.read(file(for: model), most: SignatureBundle.mostBytes)
        return try ModelManifest(try await SignatureBundle(bytes).verified(by: try trust(), at: UnixTime.now.seconds))
    }
}

/// Tells a problem and ends the command.
func told<T>(_ work: () async throws(SigningProblem) -> T) async throws -> T {
    do throws(SigningProblem) {
        return try await work()
    } catch {
        complain("holdfast: \(error)")
        throw (error.kind == .unreadable ? ExitStatus.noInput : .dataError).exit
    }
}
