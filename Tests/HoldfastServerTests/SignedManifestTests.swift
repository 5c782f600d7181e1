import Custody
import Encodings
import Foundation
import GatewayTesting
import HoldfastServer
import Signing
import Storage
import StorageTesting
import Synchronization
import Testing
import WeightSigning
import WeightsTesting

/// The expectation of weights that somebody has signed.
@Suite struct SignedManifestTests {
    private let clock = Watched(SignedFolder.now)
    private let memory = MemoryStorage()

    private var manifests: SignedManifests { manifests(memory) }

    private func manifests(_ memory: any CustodyMemory) -> SignedManifests {
        let clock = clock
        return SignedManifests(memory: memory, clock: { clock.value })
    }

    private func expected(
        _ folder: SignedFolder, _ signed: SignedModelSource? = nil, file: String = "m.gguf"
    ) async throws(CustodyProblem) -> ExpectedWeights {
        try await manifests.expected(folder.source(file), signed ?? folder.signed(), model: "tiny")
    }

    /// The reason why weights are refused; nil where they are not.
    private func refusal(
        _ folder: SignedFolder, _ signed: SignedModelSource? = nil, file: String = "m.gguf"
    ) async -> CustodyProblem? {
        do throws(CustodyProblem) {
            _ = try await expected(folder, signed, file: file)
            return nil
        } catch { return error }
    }

    private static func digest(_ bytes: [UInt8]) throws -> ContentDigest {
        try #require(ContentDigest(hex: Hex.encode(bytes)))
    }

    // MARK: The signature

    @Test func whatWasSignedIsWhatIsExpected() async throws {
        let folder = try SignedFolder()
        let expected = try await expected(folder)
        #expect(
            expected.files == [
                .init(name: "m.gguf", size: UInt64(folder.model.count), sha256: ContentDigest.of(folder.model))
            ])
        let root = try Self.digest(folder.root)
        #expect(expected.manifestRoot == root)
        #expect(expected.origin == .signed && expected.role == .primary && expected.model == "tiny")
        // Without custodians nobody says more.
        #expect(expected.epoch == nil && expected.engine == nil && expected.template == nil)
        #expect(memory.tables.withLock { $0.epochs.isEmpty })
    }

    @Test func aModelThatIsOneFileIsSignedByItself() async throws {
        var folder = try SignedFolder(others: [])
        try folder.sign()
        let signed = folder.signed(wholeFolder: false)
        let files = try await expected(folder, signed).files
        #expect(files.map(\.sha256) == [ContentDigest.of(folder.model)])
        // What lies beside the file is not the model's.
        try folder.write([1], to: "stray")
        #expect(await refusal(folder, signed) == nil)
    }

    @Test("a certificate that a root vouches for signs as a key does, while it holds")
    func certificates() async throws {
        let (authority, stranger) = (try Authority(), try Authority())
        var folder = try SignedFolder()
        try folder.sign(with: authority.signer)
        try folder.write(authority.rootPEM, beside: "root.pem")
        try folder.write(stranger.rootPEM, beside: "stranger.pem")
        let signed = folder.signed(roots: [folder.beside("root.pem")])
        #expect(try await expected(folder, signed).origin == .signed)
        #expect(await refusal(folder, folder.signed(roots: [folder.beside("stranger.pem")]))?.kind == .manifest)
        #expect(await refusal(folder)?.kind == .manifest, "the key is not the one that is believed")
        clock.change { $0 = 1_900_000_000 }
        #expect(await refusal(folder, signed)?.kind == .manifest, "the certificate has run out")
    }

    @Test func anothersSignatureIsRefused() async throws {
        var folder = try SignedFolder()
        try folder.sign(with: ModelSigner(key: ECPrivateKey()))
        #expect(await refusal(folder)?.kind == .manifest)
    }

    @Test("a signature in which a byte was changed is refused, whichever it is", arguments: [0.1, 0.3, 0.5, 0.7, 0.9])
    func changedSignature(_ place: Double) async throws {
        let folder = try SignedFolder()
        var bytes = Array(try folder.scratch.bytes(of: "model.sig"))
        bytes[Int(Double(bytes.count) * place)] ^= 0x20
        try folder.scratch.write(Data(bytes), to: "model.sig")
        #expect(await refusal(folder)?.kind == .manifest)
    }

    @Test(
        "a file that is needed and not there is named, with a remedy",
        arguments: ["model.sig", "signer.pub", "custody.json", "custodian-1.pub"])
    func missingFiles(_ name: String) async throws {
        let folder = try SignedFolder()
        try folder.state()
        try FileManager.default.removeItem(atPath: folder.beside(name))
        let refusal = await refusal(folder, folder.signed(hasTerms: true))
        #expect(refusal?.kind == .manifest && refusal?.what.contains(name) == true)
    }

    // MARK: The folder

    @Test("a file that nobody signed is refused before anything is loaded") func strays() async throws {
        let folder = try SignedFolder()
        try folder.write([1], to: "evil.py")
        let one = try #require(await refusal(folder))
        #expect(one.kind == .manifest && one.what == "evil.py lies in the model's folder and was not signed")
        #expect(one.remedy.contains("--move-aside"))
        try folder.write([1], to: "more")
        try folder.write([1], to: "still-more")
        #expect(await refusal(folder)?.what.hasSuffix("(and 2 more)") == true)
    }

    @Test("the signature and the statement may lie in the folder they are of") func ownFiles() async throws {
        let folder = try SignedFolder()
        try folder.state()
        for name in ["model.sig", "custody.json"] {
            try folder.write(Array(try folder.scratch.bytes(of: name)), to: name)
        }
        var signed = folder.signed(hasTerms: true)
        signed.signature = folder.path + "/model.sig"
        signed.terms?.statement = folder.path + "/custody.json"
        #expect(try await expected(folder, signed).epoch == 5)
        // And only where they are the ones that are read.
        #expect(await refusal(folder, folder.signed(hasTerms: true))?.what.contains("custody.json") == true)
    }

    @Test(
        "a signed file that is gone, or a link, is refused",
        arguments: ["config.json", "m.gguf"], [false, true])
    func missing(_ name: String, _ isLink: Bool) async throws {
        let folder = try SignedFolder()
        try folder.remove(name)
        if isLink {
            try folder.write("anything", beside: "elsewhere")
            try FileManager.default.createSymbolicLink(
                atPath: folder.path + "/" + name, withDestinationPath: folder.beside("elsewhere"))
        }
        let refusal = await refusal(folder)
        #expect(refusal?.kind == .manifest && refusal?.what == "\(name) was signed and isn't there as a file")
    }

    @Test func aModelFileThatWasNotSignedIsRefused() async throws {
        let folder = try SignedFolder(others: ["config.json", "n.gguf"])
        #expect(await refusal(folder, file: "n.gguf") == nil)
        let refusal = await refusal(folder, file: "o.gguf")
        #expect(refusal?.what == "o.gguf is not among the files that were signed")
    }

    @Test("parts of a split model are expected in their order, each as it was signed") func splitModels() async throws {
        let names = (1...3).map { "m-0000\($0)-of-00003.gguf" }
        let folder = try SignedFolder(others: names.reversed())
        let files = try await expected(folder, file: names[0]).files
        #expect(files.map(\.name) == names)
        #expect(files.map(\.sha256) == names.map { ContentDigest.of(Array($0.utf8)) })
        try folder.remove(names[1])
        #expect(await refusal(folder, file: names[0])?.kind == .manifest)
    }

    @Test("a model in a folder below the signed one is found at its place") func belowTheFolder() async throws {
        var folder = try SignedFolder()
        try FileManager.default.createDirectory(atPath: folder.path + "/deep", withIntermediateDirectories: false)
        try folder.write([7, 7], to: "deep/m.gguf")
        try folder.sign()
        #expect(try await expected(folder, file: "deep/m.gguf").files.map(\.sha256) == [ContentDigest.of([7, 7])])
        #expect(try await expected(folder).files.map(\.sha256) == [ContentDigest.of(folder.model)])
    }

    // MARK: The custodians' statement

    @Test("what custodians agree on is expected, too, and its epoch is remembered", arguments: StorageKind.allCases)
    func terms(_ kind: StorageKind) async throws {
        let disk = Disk(kind)
        let folder = try SignedFolder()
        try folder.state { $0.chatTemplate = Array(repeating: 4, count: 32) }
        let memory = try disk.open()
        let expected = try await manifests(memory).expected(
            folder.source(), folder.signed(hasTerms: true), model: "tiny")
        #expect(expected.epoch == 5 && expected.role == .primary)
        let (engine, template) = (
            try Self.digest(Array(repeating: 2, count: 32)), try Self.digest(Array(repeating: 4, count: 32))
        )
        #expect(expected.engine == [engine] && expected.template == template)
        #expect(try await memory.custodyEpoch(model: "tiny", role: "primary")?.epoch == 5)
    }

    @Test(
        "terms that are another's, for another use, or too few agree on, are refused",
        arguments: ["model", "root", "role", "one custodian", "a stranger"])
    func badTerms(_ what: String) async throws {
        let folder = try SignedFolder()
        var keys = Array(folder.custodians.prefix(2))
        if what == "one custodian" { keys.removeLast() }
        if what == "a stranger" { keys[1] = ECPrivateKey() }
        try folder.state(by: keys) { terms in
            switch what {
            case "model": terms.model = "another"
            case "root": terms.root[0] ^= 1
            case "role": terms.role = .supervisor
            default: break
            }
        }
        #expect(await refusal(folder, folder.signed(hasTerms: true))?.kind == .manifest)
        #expect(memory.tables.withLock { $0.epochs.isEmpty }, "what is refused is not remembered")
        // Without the demand for terms the same weights are taken.
        #expect(await refusal(folder) == nil)
    }

    @Test("a statement holds up to its last second") func runsOut() async throws {
        let folder = try SignedFolder()
        try folder.state { $0.notAfter = Int64(SignedFolder.now) + 60 }
        clock.change { $0 += 60 }
        #expect(await refusal(folder, folder.signed(hasTerms: true)) == nil)
        clock.change { $0 += 1 }
        #expect(await refusal(folder, folder.signed(hasTerms: true))?.kind == .manifest)
    }

    @Test("an older statement is never taken again, also after a restart", arguments: StorageKind.allCases)
    func epochs(_ kind: StorageKind) async throws {
        let disk = Disk(kind)
        let folder = try SignedFolder()
        func take(_ epoch: UInt64, budget: UInt64 = 1 << 20) async throws -> CustodyProblem? {
            try folder.state {
                $0.epoch = epoch
                $0.egressBitsPerDay = budget
            }
            let manifests = manifests(try disk.open())
            defer { disk.close() }
            do throws(CustodyProblem) {
                _ = try await manifests.expected(
                    folder.source(), folder.signed(hasTerms: true), model: "tiny")
                return nil
            } catch { return error }
        }
        #expect(try await take(5) == nil)
        #expect(try await take(7) == nil)
        #expect(try await take(6)?.kind == .manifest)
        #expect(try await take(7, budget: 8)?.kind == .manifest, "another statement of the same epoch")
        #expect(try await take(8) == nil)
    }

    @Test func aNewerStatementInTheMeantimeWins() async throws {
        let folder = try SignedFolder()
        try folder.state()
        let refusal: CustodyProblem?
        do throws(CustodyProblem) {
            _ = try await manifests(Overtaken()).expected(
                folder.source(), folder.signed(hasTerms: true), model: "tiny")
            refusal = nil
        } catch { refusal = error }
        #expect(refusal?.what == "a newer custody statement came into force in the meantime")
    }

    /// A memory in which a newer statement was kept since it was asked.
    private struct Overtaken: CustodyMemory {
        func custodyEpoch(model: String, role: String) async throws(StorageError) -> StoredCustody? { nil }
        func raiseCustodyEpoch(
            model: String, role: String, to next: StoredCustody, time: Int64
        ) async throws(StorageError) -> Bool { false }
        func scrubs() async throws(StorageError) -> [String: StoredScrub] { [:] }
        func saveScrub(of provider: String, _ scrub: StoredScrub?) async throws(StorageError) {}
    }

    @Test func whereTheEpochCantBeRememberedNothingIsLoaded() async throws {
        let folder = try SignedFolder()
        try folder.state()
        memory.refuse([.epochs])
        let refusal = await refusal(folder, folder.signed(hasTerms: true))
        #expect(refusal?.kind == .manifest && refusal?.what.contains("the disk is full") == true)
    }

    // MARK: What holds now

    @Test("what signatures say now is told without the files, and not where they don't hold")
    func standing() async throws {
        let folder = try SignedFolder()
        try folder.state()
        let root = try Self.digest(folder.root)
        let plain = await manifests.standing(folder.signed(), model: "tiny")
        #expect(plain?.root == root && plain?.terms == nil)
        let agreed = await manifests.standing(folder.signed(hasTerms: true), model: "tiny")
        #expect(agreed?.root == root && agreed?.terms?.egressBitsPerDay == 1 << 20)
        #expect(memory.tables.withLock { $0.epochs.isEmpty }, "it is only looked at")
        try folder.remove("m.gguf")
        #expect(await manifests.standing(folder.signed(), model: "tiny")?.root == root)
        #expect(await manifests.standing(folder.signed(hasTerms: true), model: "another") == nil)
        try folder.write("nonsense", beside: "custody.json")
        #expect(await manifests.standing(folder.signed(hasTerms: true), model: "tiny") == nil)
        try folder.write("nonsense", beside: "model.sig")
        #expect(await manifests.standing(folder.signed(), model: "tiny") == nil)
    }
}
