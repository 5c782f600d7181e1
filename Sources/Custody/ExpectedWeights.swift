/// The properties that a model has to have according to a manifest. Loading compares the files with these values only,
/// and with nothing from the folder that contains the files.
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

        /// The digest of the whole file; nil if the manifest has digests of another kind, or digests of the file's
        /// pieces.
        package var sha256: ContentDigest? { if case .sha256(let digest) = content { digest } else { nil } }
    }

    /// The requirement on the file's bytes.
    package enum Content: Sendable, Hashable {
        case sha256(ContentDigest)
        /// The manifest's digests are of another kind, or of the file's pieces.
        case other(ContentCheck)
    }

    /// A check that sealed memory contains the signed bytes.
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

    /// The purpose for which a model may be used.
    package enum Role: String, Sendable, Hashable {
        case primary, supervisor, adapter
    }

    /// The authority for these values.
    package enum Origin: String, Sendable, Hashable {
        /// Signatures that were verified.
        case signed
        /// The files that were found at the first start. This shows a later change, but proves nothing about the origin
        /// of the bytes.
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
    /// The epoch of the custody statement; nil if there is none.
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
