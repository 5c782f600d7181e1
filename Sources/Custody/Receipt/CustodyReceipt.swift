import Glibc

/// A record of the verified state of an engine before it got its first request.
///
/// A receipt states which files the engine has in sealed memory and their digests, how they are mapped, which programs
/// the engine executes, and which protections are in force. It goes into the ledger, so that it can be proven later
/// which weights served at a given time.
package struct CustodyReceipt: Sendable, Hashable {
    /// Made of all that follows: two receipts that say the same have the same.
    package private(set) var id = ""
    package var provider: String
    package var model: String
    package var role: ExpectedWeights.Role
    package var manifestRoot: ContentDigest
    package var origin: ExpectedWeights.Origin
    /// In seconds since 1970.
    package var time: Int
    package var files: [File]
    package var mappings: [WeightMapping]
    package var images: [EngineImage]
    /// SHA-256 over the images' digests in the order of their values.
    package var engine: ContentDigest
    /// True if the manifest names the images, and they are the ones that were found.
    package var isEnginePinned: Bool
    /// The epoch of the custody statement in force; nil if there is none.
    package var epoch: UInt64?
    package var protections: [Protection]
    /// `observed` or `self-reported`.
    package var witness: String
    package var process: Int

    package struct File: Sendable, Hashable {
        package var name: String
        package var size: UInt64
        package var sha256: ContentDigest
        package var seals: SealSet

        package init(name: String, size: UInt64, sha256: ContentDigest, seals: SealSet) {
            self.name = name
            self.size = size
            self.sha256 = sha256
            self.seals = seals
        }
    }

    package init(
        provider: String, model: String, role: ExpectedWeights.Role, manifestRoot: ContentDigest,
        origin: ExpectedWeights.Origin, time: Int, files: [File], mappings: [WeightMapping], images: [EngineImage],
        engine: ContentDigest, isEnginePinned: Bool, epoch: UInt64?, protections: [Protection], witness: String,
        process: Int
    ) {
        self.provider = provider
        self.model = model
        self.role = role
        self.manifestRoot = manifestRoot
        self.origin = origin
        self.time = time
        self.files = files
        self.mappings = mappings
        self.images = images
        self.engine = engine
        self.isEnginePinned = isEnginePinned
        self.epoch = epoch
        self.protections = protections
        self.witness = witness
        self.process = process
        id = "custody_" + ContentDigest.of(json.utf8).hex.prefix(32)
    }

    /// The protections that the kernel doesn't offer, or that the engine doesn't use.
    package var missing: [Protection] { protections.filter { !$0.isHeld } }
    /// True if scrubbing covers every page that the engine computes with.
    package var isScrubbedWhole: Bool { mappings.allSatisfy(\.isWhole) }

    /// Returns whether a process has mapped all of the files, as far as this can be seen.
    package static func maps(_ process: Int32, _ weights: borrowing SealedWeights) -> Bool {
        guard let text = ProcFile.read("/proc/\(process)/maps", limit: 16 << 20) else { return false }
        let mappings = MemoryMapping.all(in: text)
        return weights.files.allSatisfy { file in mappings.contains { $0.shows(file.memory) } }
    }

    /// Examines an engine that has loaded its model, and records its state.
    ///
    /// - Parameter launcher: a script that the engine was started with. It counts as code, although it is not mapped as
    ///   executable.
    /// - Throws: ``CustodyProblem`` if the engine executes something that the manifest doesn't name, if a debugger
    ///   traces it, or if its state can't be determined.
    package static func certify(
        _ weights: borrowing SealedWeights, provider: String, process: Int32, report: EngineReport?,
        launcher: EngineImage? = nil,
        time: Int = Int(Glibc.time(nil))
    ) throws(CustodyProblem) -> CustodyReceipt {
        let facts = try ProcessFacts(process: process, report: report)
        if let tracer = facts.tracer {
            throw CustodyProblem(
                .engine, "process \(tracer) traces the engine", remedy: "end it: a debugger can read everything")
        }
        let images = try EngineImage.all(of: process, facts) + (launcher.map { [$0] } ?? [])
        if let known = weights.expected.engine, let stranger = images.first(where: { !known.contains($0.sha256) }) {
            throw CustodyProblem(
                .engine,
                "the engine executes \(stranger.path) (SHA-256 \(stranger.sha256)), which the manifest "
                    + "does not name", remedy: "install the engine that was signed, or have this one signed")
        }
        return CustodyReceipt(
            provider: provider, model: weights.expected.model, role: weights.expected.role,
            manifestRoot: weights.expected.manifestRoot, origin: weights.expected.origin, time: time,
            files: weights.files.map {
                File(name: $0.name, size: $0.memory.size, sha256: $0.sha256, seals: $0.memory.seals)
            },
            mappings: WeightMapping.all(weights, in: facts.mappings), images: images,
            engine: ContentDigest.of(images.map(\.sha256.hex).sorted().joined().utf8),
            isEnginePinned: weights.expected.engine != nil, epoch: weights.expected.epoch,
            protections: Protection.all(facts, report),
            witness: facts.witness.rawValue, process: Int(process))
    }
}
