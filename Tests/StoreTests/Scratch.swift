import Foundation
import Store

/// A path for a folder that nobody has made yet; what is there is removed
/// with this value.
final class ScratchFolder: Sendable {
    let path = NSTemporaryDirectory() + "holdfast-store-" + UUID().uuidString

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func make() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func write(_ bytes: Data, to name: String) throws {
        try make()
        try bytes.write(to: URL(fileURLWithPath: path + "/" + name))
    }

    func bytes(of name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)) }

    /// Permission bits of something in the folder.
    func mode(_ part: String) throws -> Int? {
        (try FileManager.default.attributesOfItem(atPath: path + part)[.posixPermissions] as? NSNumber)?.intValue
    }
}

extension StoredHold {
    static func example(_ id: String, model: String = "m") -> StoredHold {
        StoredHold(
            id: id, cause: "withdrawn", scope: "model", host: "h:443", credential: "", model: model, provider: "p",
            firmness: "lasting", origin: "traffic", name: "withdrawn", since: 1_780_000_000, words: "has been retired",
            rule: "model-gone", status: 404)
    }
}

/// SplitMix64, https://prng.di.unimi.it/splitmix64.c
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
