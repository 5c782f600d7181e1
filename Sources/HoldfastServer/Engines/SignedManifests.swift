import Access
package import Custody
import Encodings
import Settings
import Signing
package import Storage
import WeightFiles
package import WeightSigning

/// The expectation of a model's weights that follows from signatures, for the code that loads the model.
package struct SignedManifests: Sendable {
    private let memory: any CustodyMemory
    private let clock: @Sendable () -> Int

    /// - Parameter clock: seconds since 1970.
    package init(memory: any CustodyMemory, clock: @escaping @Sendable () -> Int = { SystemClock.seconds() }) {
        self.memory = memory
        self.clock = clock
    }

    private var now: Int64 { Int64(clock()) }

    /// Verifies the model's signature and, where there is one, the statement
    /// of its custodians, whose epoch is remembered before anything is loaded.
    /// Blocks.
    ///
    /// - Parameters:
    ///   - model: the name in the engine's answers.
    ///   - role: the role that the model is wanted for; it has to be signed
    ///     for that one.
    /// - Throws: ``CustodyProblem`` where something doesn't hold, or lies in
    ///   the signed folder beside what was signed.
    package func expected(
        _ source: WeightsSource, _ signed: SignedModelSource, model: String, role: CustodyRole = .primary
    ) async throws(CustodyProblem) -> ExpectedWeights {
        do throws(SigningProblem) {
            let manifest = try await manifest(signed)
            guard manifest.role == role else {
                throw SigningProblem(
                    .mismatch,
                    "the model is signed as \(manifest.role.rawValue) and wanted as \(role.rawValue)",
                    remedy:
                        "have it signed for that role with `holdfast weights sign --role`, if it is meant to have it")
            }
            if let folder = signed.folder { try nothingElse(in: folder, source, signed, manifest) }
            let files = try files(source, signed, manifest)
            let grant = try await grant(signed, manifest, model, role)
            if let grant { try await remember(grant) }
            return ExpectedWeights(
                files: files, manifestRoot: try Self.digest(manifest.root),
                role: role.expected,
                model: model, origin: .signed,
                engine: try grant.map { grant throws(SigningProblem) in try Self.digests(grant.terms.mappings) },
                epoch: grant?.epoch.number, template: try grant?.terms.chatTemplate.map(Self.digest))
        } catch {
            throw CustodyProblem(.manifest, error.what, remedy: error.remedy)
        }
    }

    /// The manifest's root and the terms in force, with nothing but the
    /// signatures read; nil where they don't hold. Blocks for as long as that
    /// takes.
    package func standing(
        _ signed: SignedModelSource, model: String
    ) async -> (root: ContentDigest, terms: CustodyTerms?)? {
        guard let manifest = try? await manifest(signed), let root = try? Self.digest(manifest.root) else { return nil }
        guard signed.terms != nil else { return (root, nil) }
        guard let grant = try? await grant(signed, manifest, model, manifest.role) else { return nil }
        return (root, grant.terms)
    }

    /// - Throws: ``SigningProblem`` unless there are 32 bytes of SHA-256, as
    ///   everything that was verified has.
    private static func digest(_ bytes: [UInt8]) throws(SigningProblem) -> ContentDigest {
        guard let digest = ContentDigest(hex: Hex.encode(bytes)) else {
            throw SigningProblem(
                .malformed, "a digest in a signed statement has \(bytes.count) bytes, and not 32",
                remedy: "have it signed again")
        }
        return digest
    }

    private static func digests(_ mappings: [CustodyTerms.Mapping]) throws(SigningProblem) -> Set<ContentDigest> {
        var digests: Set<ContentDigest> = []
        for mapping in mappings { digests.insert(try digest(mapping.digest)) }
        return digests
    }

    // MARK: The model's signature

    private func manifest(_ signed: SignedModelSource) async throws(SigningProblem) -> ModelManifest {
        let bundle = try SignatureBundle(try SmallFile.readRegular(signed.signature, most: SignatureBundle.mostBytes))
        let trust: ModelTrust
        if signed.keys.isEmpty {
            var texts: [String] = []
            for path in signed.roots { texts.append(try SmallFile.regularText(path)) }
            trust = .roots(try CertificateRoots(pem: texts))
        } else {
            trust = .keys(try Self.keys(signed.keys))
        }
        return try ModelManifest(try await bundle.verified(by: trust, at: now))
    }

    private static func keys(_ paths: [String]) throws(SigningProblem) -> [ECPublicKey] {
        var keys: [ECPublicKey] = []
        for path in paths { keys.append(try ECPublicKey(pem: try SmallFile.regularText(path))) }
        return keys
    }

    // MARK: Its files

    /// Checks that the folder contains no unsigned files, since an engine or a library could read them without being
    /// asked to.
    private func nothingElse(
        in folder: String, _ source: WeightsSource, _ signed: SignedModelSource, _ manifest: ModelManifest
    ) throws(SigningProblem) {
        let disk = try ModelOnDisk(folder)
        let own = Set(([signed.signature] + (signed.terms.map { [$0.statement] } ?? [])).compactMap(disk.place))
        let found = try ModelComparison(
            namesOf: manifest, source.key == nil ? PlainNames(disk, []) : PlainNames(disk, manifest.files), own: own)
        guard !found.hasRightNames else { return }
        if let stray = found.unsigned.first {
            throw SigningProblem(
                .mismatch,
                "\(stray.path) lies in the model's folder and was not signed"
                    + (found.unsigned.count > 1 ? " (and \(found.unsigned.count - 1) more)" : ""),
                remedy: "look at it, then let `holdfast weights verify --move-aside` put it beside the folder")
        }
        let path = found.missing.first ?? found.irregular.first
        throw SigningProblem(
            .mismatch, "\(path.map { "\($0)" } ?? "a file") was signed and isn't there as a file",
            remedy: "take the model from its publisher again")
    }

    /// Those that the engine gets, in their order.
    private func files(
        _ source: WeightsSource, _ signed: SignedModelSource, _ manifest: ModelManifest
    ) throws(SigningProblem) -> [ExpectedWeights.File] {
        var files: [ExpectedWeights.File] = []
        for name in source.plainNames {
            let above = signed.folder.map { source.folder.dropFirst($0.utf8.count).drop { $0 == "/" } } ?? ""
            let place = above.isEmpty ? name : "\(above)/\(name)"
            guard let file = manifest.files.first(where: { $0.path.text == place }) else {
                throw SigningProblem(
                    .mismatch, "\(place.printable) is not among the files that were signed",
                    remedy: "name a signed file as model_file, or have this one signed")
            }
            let size: UInt64
            do throws(CustodyProblem) {
                size = if let signed = file.size { signed } else { try source.plainSize(of: name) }
            } catch {
                throw SigningProblem(.unreadable, error.what, remedy: error.remedy)
            }
            files.append(.init(name: name, size: size, file.content))
        }
        return files
    }

    // MARK: Its custodians' statement

    private func grant(
        _ signed: SignedModelSource, _ manifest: ModelManifest, _ model: String, _ role: CustodyRole
    ) async throws(SigningProblem) -> CustodyGrant? {
        guard let terms = signed.terms else { return nil }
        let keys = try CustodyKeys(try Self.keys(terms.custodians), threshold: terms.threshold)
        let statement = try CustodyStatement(
            try SmallFile.readRegular(terms.statement, most: CustodyStatement.mostBytes))
        let name = terms.model ?? model
        let kept: StoredCustody?
        do throws(StorageError) {
            kept = try await memory.custodyEpoch(model: name, role: role.rawValue)
        } catch {
            throw .unreadable(error.message)
        }
        let demand = WeightSigning.CustodyDemand(
            model: name, role: role, root: manifest.root, now: now,
            remembered: kept.map { CustodyEpoch(number: UInt64($0.epoch), statement: $0.statement) })
        return try statement.granted(demand, by: keys)
    }

    private func remember(_ grant: CustodyGrant) async throws(SigningProblem) {
        let next = StoredCustody(epoch: Int64(grant.epoch.number), statement: grant.epoch.statement)
        let isRaised: Bool
        do throws(StorageError) {
            isRaised = try await memory.raiseCustodyEpoch(
                model: grant.terms.model, role: grant.terms.role.rawValue, to: next, time: now)
        } catch {
            throw .unreadable(error.message)
        }
        guard isRaised else {
            throw SigningProblem(
                .mismatch, "a newer custody statement came into force in the meantime",
                remedy: "start the engine again with the newest one")
        }
    }
}

extension CustodyRole {
    var expected: ExpectedWeights.Role {
        switch self {
        case .primary: .primary
        case .supervisor: .supervisor
        case .adapter: .adapter
        }
    }
}

extension ManifestFile {
    fileprivate var content: ExpectedWeights.Content {
        guard algorithm == .sha256, pieces.count == 1, let piece = pieces.first, piece.end == nil,
            let digest = ContentDigest(hex: Hex.encode(piece.digest))
        else {
            return .other(
                .init(digests: pieces.map(\.digest)) { memory throws(CustodyProblem) in
                    var check = FileCheck(self)
                    try memory.forEachPiece { check.update($0) }
                    return check.finish()
                })
        }
        return .sha256(digest)
    }
}

/// A folder's names as they were signed: an encrypted file may have `.age`
/// behind its name.
private struct PlainNames: ModelFiles {
    private let disk: ModelOnDisk
    private let encrypted: [ModelPath: ModelPath]

    init(_ disk: ModelOnDisk, _ files: [ManifestFile]) {
        self.disk = disk
        var encrypted: [ModelPath: ModelPath] = [:]
        for file in files {
            if let path = ModelPath(file.path.bytes + Array(".age".utf8)) { encrypted[path] = file.path }
        }
        self.encrypted = encrypted
    }

    func list() throws(SigningProblem) -> [ModelEntry] {
        try disk.list().map { ModelEntry(encrypted[$0.path] ?? $0.path, $0.kind) }
    }

    func read(
        _ path: ModelPath, _ take: (UnsafeRawBufferPointer) throws(SigningProblem) -> Void
    ) throws(SigningProblem) { try disk.read(path, take) }
}

extension SignedModelSource {
    init(_ settings: SignedWeights) {
        self.init(
            folder: settings.folder, signature: settings.signature, keys: settings.keys, roots: settings.roots,
            terms: settings.terms.map {
                Terms(statement: $0.statement, custodians: $0.custodians, threshold: $0.threshold, model: $0.model)
            })
    }
}
