import Custody
import FoundationEssentials
import Glibc
import Testing

/// A folder with a model in it, removed at the end.
final class Scratch {
    let path: String

    init() throws {
        path = "/tmp/hf-custody-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: [UInt8], to name: String = "m.gguf") throws {
        let file = open(path + "/" + name, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(file) }
        try #require(Glibc.write(file, bytes, bytes.count) == bytes.count)
    }

    func source(_ name: String = "m.gguf", key: KeySource? = nil) -> WeightsSource {
        WeightsSource(modelFile: path + "/" + name, key: key)
    }

    /// Returns the expectation of a manifest that was made for these bytes.
    static func expecting(_ bytes: [UInt8], name: String = "m.gguf", template: ContentDigest? = nil) -> ExpectedWeights
    {
        expecting([(name, bytes)], template: template)
    }

    static func expecting(_ files: [(name: String, bytes: [UInt8])], template: ContentDigest? = nil) -> ExpectedWeights
    {
        ExpectedWeights(
            files: files.map {
                .init(name: $0.name, size: UInt64($0.bytes.count), sha256: ContentDigest.of($0.bytes))
            }, manifestRoot: ContentDigest.of([]), model: "tiny", origin: .signed, template: template)
    }

    /// Returns the reason why loading is refused; nil if it isn't.
    func refusal(
        _ expected: ExpectedWeights, name: String = "m.gguf", key: KeySource? = nil
    ) -> CustodyProblem? {
        do throws(CustodyProblem) {
            _ = try SealedWeights.load(source(name, key: key), expected)
            return nil
        } catch { return error }
    }
}

/// Runs a program and waits for it.
@discardableResult
func run(_ words: [String]) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var child: pid_t = 0
    try #require(posix_spawnp(&child, words[0], &actions, nil, &arguments, environ) == 0)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return status >> 8 & 0xFF
}
