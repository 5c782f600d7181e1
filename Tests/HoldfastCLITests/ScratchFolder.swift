import Files
import Foundation

/// A folder that is removed with this value.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "hf-cli-" + UUID().uuidString.prefix(8)
        try Folder.make(path)
    }

    deinit { try? Folder.removeAll(path) }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let file = "\(path)/\(name)"
        try Folder.make(Folder.above(file))
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }

    func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")), as: UTF8.self)
    }

    func exists(_ name: String) -> Bool { FileKind.at("\(path)/\(name)", links: .refused) != nil }
}
