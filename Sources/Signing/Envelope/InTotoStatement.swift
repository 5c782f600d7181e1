import Encodings
import NIOCore
package import Wire

/// An in-toto statement, version 1, about one subject: what is signed.
package enum InTotoStatement {
    package static let type = "https://in-toto.io/Statement/v1"

    /// - Parameters:
    ///   - name: the subject's.
    ///   - root: the subject's SHA-256.
    ///   - predicate: writes the predicate's members.
    package static func bytes(
        _ name: String, root: [UInt8], predicateType: String, _ predicate: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("_type", Self.type)
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

    /// Returns the one subject of a statement.
    package static func subject(
        _ statement: StrictObject
    ) throws(SigningProblem) -> (name: String, root: [UInt8]) {
        var name: String?
        var root: [UInt8] = []
        for element in try statement.elements("subject") {
            guard name == nil else { throw .malformed("the statement has more than one subject") }
            let subject = try StrictObject(element, "the statement's subject", members: ["name", "digest"])
            name = try subject.string("name")
            root = try subject.object("digest", members: ["sha256"]).sha256("sha256")
        }
        guard let name, !name.isEmpty else { throw .malformed("the statement has no subject with a name") }
        return (name, root)
    }
}
