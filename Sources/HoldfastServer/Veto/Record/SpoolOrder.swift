import Encodings
import NIOCore
package import VetoSpool
import Wire

/// The order in which files of a spool are taken that were found at one look.
///
/// A statement's file is named after its bytes, so that nothing tells which of
/// two came first. What is signed under one version of the roster is taken
/// before the version that follows it, and what is signed under that one
/// afterwards: else an approval would be refused for having come too early, or
/// too late. What a file says of itself decides nothing but its place.
package enum SpoolOrder {
    package static func sorted(_ files: [SpoolFile]) -> [SpoolFile] {
        let statements = files.filter { $0.kind == .statements }
        guard statements.count > 1 else { return files }
        let ranked = statements.map { (file: $0, rank: rank(of: $0.bytes)) }.sorted { one, other in
            (one.rank.roster, one.rank.step, one.file.digest) < (other.rank.roster, other.rank.step, other.file.digest)
        }
        return files.filter { $0.kind != .statements } + ranked.map(\.file)
    }

    private static func rank(of bytes: [UInt8]) -> (roster: Int, step: Int) {
        guard let envelope = try? JSONDocument(ByteBuffer(bytes: bytes)).root,
            let text = envelope["payload"]?.string, let payload = Base64.decode(text),
            let predicate = try? JSONDocument(ByteBuffer(bytes: payload)).root["predicate"]
        else { return (.max, 0) }
        return (predicate["roster"]?.int ?? .max, step(predicate["decision"]?.string))
    }

    private static func step(_ decision: String?) -> Int {
        switch decision {
        case "ratify": 0
        case "replace": 2
        case "cancel": 3
        case "roster": 4
        default: 1
        }
    }
}
