import Encodings
import NIOCore
import Wire

/// An in-toto statement, version 1, about one model: what is signed.
enum InTotoStatement {
    /// - Parameters:
    ///   - root: the model's, SHA-256.
    ///   - predicate: writes the predicate's members.
    static func bytes(
        _ name: String, root: [UInt8], predicateType: String, _ predicate: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("_type", ModelManifest.statementType)
            json.array("subject") { json in
                json.object { json in
                    json.member("name", name)
                    json.object("digest") { json in json.member("sha256", Hex.encode(root)) }
                }
            }
            json.member("predicateType", predicateType)
            json.object("predicate") { json in predicate(&json) }
        }
        return Array(json.buffer.readableBytesView)
    }
}
