import Encodings
import Signing
import Wire

/// One entry of a manifest: a file or a part of one, and its digest.
package struct Resource: Sendable, Hashable {
    package var path: ModelPath
    /// nil where it is the whole file.
    var range: Range<UInt64>?
    var digest: [UInt8]
    /// As it is in the statement, with the range.
    var name: [UInt8]

    init(_ element: JSONView, _ serialization: Serialization) throws(SigningProblem) {
        // Other members are to be passed over (§5.2.1).
        let object = try StrictObject(element, "a resource of the statement", members: nil)
        let name = try object.string("name")
        self.name = Array(name.utf8)
        guard serialization.isName(try object.string("algorithm")) else {
            throw .malformed("\(Printable.quoted(name)) is hashed with another algorithm than the statement says")
        }
        digest = try object.digest(
            "digest", of: "\(serialization.algorithm)", size: serialization.algorithm.size)
        switch serialization.method {
        case .files: path = try ModelPath(signed: name, "a resource's name")
        case .shards: (path, range) = try Self.shard(name)
        }
    }

    package init(path: ModelPath, digest: [UInt8]) {
        (self.path, self.digest, name) = (path, digest, path.bytes)
    }

    /// `path:start:end`; the path may have colons of its own (§6.3.2).
    private static func shard(_ name: String) throws(SigningProblem) -> (ModelPath, Range<UInt64>) {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 3, let start = number(parts[parts.count - 2]), let end = number(parts[parts.count - 1]),
            start < end
        else { throw .malformed("\(Printable.quoted(name)) names no shard: path:start:end, in whole bytes") }
        let path = parts.dropLast(2).joined(separator: ":")
        return (try ModelPath(signed: path, "a shard's path"), start..<end)
    }

    /// Decimal, in its one spelling.
    private static func number(_ text: Substring) -> UInt64? {
        guard let number = UInt64(text), String(number) == text, number <= UInt64(Int64.max) else { return nil }
        return number
    }

    // MARK: Order

    /// Orders resources by name, as the specification requires (§5.2.1).
    package static func precedesByName(_ one: Resource, _ other: Resource) -> Bool {
        one.name.lexicographicallyPrecedes(other.name)
    }

    /// Orders resources by the parts of their path, then by their offset, as the reference implementation writes them.
    package static func precedesByPlace(_ one: Resource, _ other: Resource) -> Bool {
        if one.path == other.path { return one.range?.lowerBound ?? 0 < other.range?.lowerBound ?? 0 }
        return ModelPath.precedesByParts(one.path, other.path)
    }
}
