package import Foundation
package import Storage

/// A path for a folder that doesn't exist yet; the folder is removed together with this value.
package final class ScratchFolder: Sendable {
    package let path = NSTemporaryDirectory() + "holdfast-store-" + UUID().uuidString

    package init() {}

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package func make() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    package func write(_ bytes: Data, to name: String) throws {
        try make()
        try bytes.write(to: URL(fileURLWithPath: path + "/" + name))
    }

    package func bytes(of name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)) }

    /// Permission bits of something in the folder.
    package func mode(_ part: String) throws -> Int? {
        (try FileManager.default.attributesOfItem(atPath: path + part)[.posixPermissions] as? NSNumber)?.intValue
    }
}

extension StoredHold {
    package static func example(_ id: String, model: String = "m") -> StoredHold {
        StoredHold(
            id: id, cause: "withdrawn", scope: "model", host: "h:443", credential: "", model: model, provider: "p",
            firmness: "lasting", origin: "traffic", name: "withdrawn", since: 1_780_000_000, words: "has been retired",
            rule: "model-gone", status: 404)
    }
}
