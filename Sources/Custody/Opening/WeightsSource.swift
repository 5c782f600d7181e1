/// The place of a model's files, and the source of their key if they are encrypted.
package struct WeightsSource: Sendable, Equatable {
    /// Absolute, without a slash at its end.
    package var folder: String
    /// The file that the settings name; of several, the first.
    package var file: String
    package var key: KeySource?
    /// The place of the files' signatures; nil if they are not signed.
    package var signed: SignedModelSource?

    /// - Parameter modelFile: an absolute path.
    package init(modelFile: String, key: KeySource? = nil, signed: SignedModelSource? = nil) {
        let slash = modelFile.lastIndex(of: "/") ?? modelFile.startIndex
        folder = slash == modelFile.startIndex ? "/" : String(modelFile[..<slash])
        file = String(modelFile[slash...].drop { $0 == "/" })
        self.key = key
        self.signed = signed
    }

    /// The suffix of an encrypted file's name, if the name differs from the plain file's.
    static let encryptedSuffix = ".age"

    /// A manifest names the plain file; encrypted, it may have `.age` at its
    /// end.
    func nameOnDisk(_ name: String) -> String {
        key != nil && file.hasSuffix(Self.encryptedSuffix) && !name.hasSuffix(Self.encryptedSuffix)
            ? name + Self.encryptedSuffix : name
    }

    /// The name of the plain file that the settings mean.
    var plainName: String {
        key != nil && file.hasSuffix(Self.encryptedSuffix)
            ? String(file.dropLast(Self.encryptedSuffix.utf8.count)) : file
    }

    package var path: String { folder == "/" ? "/" + file : folder + "/" + file }

    /// The plain files that are to be loaded, in their order.
    package var plainNames: [String] { SplitName.all(of: plainName) }

    /// Returns the plain file's size, computed from the file on the disk, for manifests that don't state it. The size
    /// is not trusted: loading the file still compares its bytes.
    package func plainSize(of name: String) throws(CustodyProblem) -> UInt64 {
        let folder = try WeightsFolder(folder)
        let onDisk = nameOnDisk(name)
        let plain = try folder.open(onDisk)
        return try key == nil ? plain.size : AgeCopy.plainSize(of: plain, named: onDisk)
    }
}

/// The place of a model's signatures, and the trusted keys or roots. Paths are absolute.
package struct SignedModelSource: Sendable, Hashable {
    /// The folder that was signed; nil if only the model's file was signed.
    package var folder: String?
    /// An OpenSSF Model Signing bundle.
    package var signature: String
    /// PEM: the signers' public keys, or roots of their certificates.
    package var keys: [String]
    package var roots: [String]
    package var terms: Terms?

    /// On what terms the model may be in service.
    package struct Terms: Sendable, Hashable {
        /// A custody statement.
        package var statement: String
        /// PEM: the public keys of the custodians, who may sign the statement.
        package var custodians: [String]
        package var threshold: Int
        /// The model's name there; nil is the one in its engine's answers.
        package var model: String?

        package init(statement: String, custodians: [String], threshold: Int, model: String?) {
            self.statement = statement
            self.custodians = custodians
            self.threshold = threshold
            self.model = model
        }
    }

    package init(folder: String?, signature: String, keys: [String], roots: [String], terms: Terms?) {
        self.folder = folder
        self.signature = signature
        self.keys = keys
        self.roots = roots
        self.terms = terms
    }
}
