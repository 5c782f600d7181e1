import Encodings
import Signing
import Wire

/// The method that turns a model into a list of digests (OpenSSF Model Signing 1.0, §5.2.2).
package struct Serialization: Sendable, Hashable {
    package enum Method: Sendable, Hashable {
        /// A digest for each file.
        case files
        /// A digest for every so many bytes of a file.
        case shards(size: UInt64)
    }

    package var method: Method
    package var algorithm: DigestAlgorithm
    package var allowsLinks: Bool
    /// The paths that the signer left out. When a model is verified, they are not exempt.
    package var ignored: [ModelPath]

    /// Creates the method that Holdfast signs with.
    init(ignoring ignored: [ModelPath]) {
        (method, algorithm, allowsLinks) = (.files, .sha256, false)
        self.ignored = ignored
    }

    init(_ object: StrictObject) throws(SigningProblem) {
        algorithm = try DigestAlgorithm(named: try object.string("hash_type"), "the statement's `hash_type`")
        allowsLinks = try object.bool("allow_symlinks")
        switch try object.string("method") {
        case "files":
            guard object.optional("shard_size") == nil else {
                throw .malformed("the statement has a `shard_size`, which whole files don't have")
            }
            method = .files
        case "shards": method = .shards(size: try object.count("shard_size"))
        case let other:
            throw .unsupported(
                "the statement's method is \(Printable.quoted(other))",
                remedy: "have the model signed by files or shards")
        }
        ignored = []
        guard let paths = object.optional("ignore_paths") else { return }
        guard paths.kind == .array else { throw .malformed("the statement's `ignore_paths` is no array") }
        for element in paths.elements {
            guard let text = element.string else { throw .malformed("one of the `ignore_paths` is no string") }
            // "." is everything, and was taken for it.
            let path = try ModelPath(signed: text, "one of the `ignore_paths`")
            guard !ignored.contains(path) else { throw .malformed("\(path) is twice among the `ignore_paths`") }
            ignored.append(path)
        }
    }

    /// Returns whether this is the method's name in resources; the reference implementation writes it with the size of
    /// the shards.
    func isName(_ name: String) -> Bool {
        if name == algorithm.rawValue { return true }
        guard case .shards(let size) = method else { return false }
        return name == "\(algorithm.rawValue)-sharded-\(size)"
    }

    func write(to json: inout JSONWriter) {
        json.object("serialization") { json in
            json.member("method", "files")
            json.member("hash_type", algorithm.rawValue)
            json.member("allow_symlinks", allowsLinks)
            json.array("ignore_paths") { json in for path in ignored { json.value(path.text ?? "") } }
        }
    }
}
