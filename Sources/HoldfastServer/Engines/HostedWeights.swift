import Custody
import Extraction
import Files
import Glibc
import Settings
import Synchronization
import WeightFiles
import WeightFormats
import WeightSigning

/// The facts from a hosted model's file that its meters require.
struct HostedWeights {
    /// The file's own path, without links.
    var path: String
    /// The size of the file, or of all files of the folder.
    var bytes = 0
    /// Nil where the file doesn't say.
    var hiddenSize: Int?
    /// True if the model generates text; false for a model that only produces vectors.
    var answers = true

    /// Reads the facts. If the file can't be read they keep their defaults, since the model can't be served either.
    init(_ path: String) {
        let whole = realpath(path, nil).map { pointer in
            defer { free(pointer) }
            return String(cString: pointer)
        }
        self.path = whole ?? path
        var status = stat()
        guard stat(self.path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let entries = (try? Folder.entries(self.path)) ?? nil
            bytes = (entries ?? []).reduce(0) { $0 + HostedWeights.size(self.path + "/" + $1.name) }
            return
        }
        bytes = Int(status.st_size)
        guard let file = try? WeightFileOnDisk(self.path) else { return }
        guard let described = try? WeightFile(reading: file) else { return }
        hiddenSize = described.embeddingLength.map { Int(clamping: $0) }
        answers = described.answers
    }

    private static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
    }

    /// - Parameter signed: the content of the signatures, if they verify. The weights then have the same name wherever
    ///   they are stored, and no setting allows more of them to be disclosed than their custodians allow.
    func model(
        _ provider: String, _ engine: EngineProvider, _ signed: (root: ContentDigest, terms: CustodyTerms?)? = nil
    ) -> HostedModel {
        var budget: Int? =
            switch engine.egress {
            case .unlimited: nil
            case .bytes(let bytes): bytes
            case .part(let part): bytes > 0 ? max(1, Int(Double(bytes) * part)) : nil
            }
        if let most = signed?.terms?.egressBitsPerDay {
            let bytes = max(1, Int(clamping: most / 8))
            budget = min(budget ?? bytes, bytes)
        }
        return HostedModel(
            name: provider, weights: signed.map { "sha256:\($0.root.hex)" } ?? path, hiddenSize: hiddenSize,
            shares: RecoveryShares(perKey: engine.logprobShares.perKey, perTenant: engine.logprobShares.perTenant),
            egressPerDay: budget)
    }
}

/// A hosted model as its file and its custodians had it when its weights were
/// last verified.
final class HostedModelNow: Sendable {
    private let look: @Sendable () async -> HostedModel
    private let model: Mutex<HostedModel>

    /// - Parameter look: reads files.
    init(_ look: @escaping @Sendable () async -> HostedModel) async {
        self.look = look
        model = Mutex(await look())
    }

    var now: HostedModel { model.withLock { $0 } }

    func renew() async {
        let new = await look()
        model.withLock { $0 = new }
    }
}
