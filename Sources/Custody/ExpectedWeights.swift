/// What a manifest says that a model is. Everything that loading compares
/// with comes from here, and nothing from the folder the files lie in.
package struct ExpectedWeights: Sendable, Hashable {
    /// One file. Its size and digest are of the plain bytes, also where it
    /// lies encrypted on the disk.
    package struct File: Sendable, Hashable {
        /// Below the model's folder, without `.` or `..` in it.
        package var name: String
        package var size: UInt64
        package var content: Content

        package init(name: String, size: UInt64, _ content: Content) {
            (self.name, self.size, self.content) = (name, size, content)
        }

        package init(name: String, size: UInt64, sha256: ContentDigest) {
            self.init(name: name, size: size, .sha256(sha256))
        }

        /// Of the whole file; nil where the manifest has digests of another
        /// kind, or of its pieces.
        package var sha256: ContentDigest? { if case .sha256(let digest) = content { digest } else { nil } }
    }

    /// What its bytes must be.
    package enum Content: Sendable, Hashable {
        case sha256(ContentDigest)
        /// What a manifest says by digests of another kind, or of pieces.
        case other(ContentCheck)
    }

    /// Whether sealed memory holds what was signed.
    package struct ContentCheck: Sendable, Hashable {
        /// All that it compares with: two checks with the same are the same.
        package var digests: [[UInt8]]
        package var holds: @Sendable (SealedMemory) throws(CustodyProblem) -> Bool

        package init(
            digests: [[UInt8]], holds: @escaping @Sendable (SealedMemory) throws(CustodyProblem) -> Bool
        ) {
            self.digests = digests
            self.holds = holds
        }

        package static func == (one: ContentCheck, other: ContentCheck) -> Bool { one.digests == other.digests }
        package func hash(into hasher: inout Hasher) { hasher.combine(digests) }
    }

    /// What a model may be used for.
    package enum Role: String, Sendable, Hashable {
        case primary, supervisor, adapter
    }

    /// Who says so.
    package enum Origin: String, Sendable, Hashable {
        /// Signatures that were verified.
        case signed
        /// What lay there at the first start. It shows a later change, and
        /// says nothing of where the bytes came from.
        case development
    }

    /// In the order in which an engine is given them.
    package var files: [File]
    package var manifestRoot: ContentDigest
    package var role: Role
    package var model: String
    package var origin: Origin
    /// SHA-256 of what may be mapped executable in the engine; nil where the
    /// manifest doesn't say.
    package var engine: Set<ContentDigest>?
    /// Of the custody statement; nil where there is none.
    package var epoch: UInt64?
    /// SHA-256 of the chat template; nil where the manifest doesn't say.
    package var template: ContentDigest?

    package init(
        files: [File], manifestRoot: ContentDigest, role: Role = .primary, model: String, origin: Origin,
        engine: Set<ContentDigest>? = nil, epoch: UInt64? = nil, template: ContentDigest? = nil
    ) {
        self.files = files
        self.manifestRoot = manifestRoot
        self.role = role
        self.model = model
        self.origin = origin
        self.engine = engine
        self.epoch = epoch
        self.template = template
    }

    package var size: UInt64 { files.reduce(0) { $0.addingReportingOverflow($1.size).partialValue } }
}
