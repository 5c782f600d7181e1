/// Where a model's files lie, and what opens them where they are encrypted.
package struct WeightsSource: Sendable, Equatable {
    /// Absolute, without a slash at its end.
    package var folder: String
    /// The file that the settings name; of several, the first.
    package var file: String
    package var key: KeySource?
    /// Who vouches for the files; nil where nobody does.
    package var signed: SignedModelSource?

    /// - Parameter modelFile: an absolute path.
    package init(modelFile: String, key: KeySource? = nil, signed: SignedModelSource? = nil) {
        let slash = modelFile.lastIndex(of: "/") ?? modelFile.startIndex
        folder = slash == modelFile.startIndex ? "/" : String(modelFile[..<slash])
        file = String(modelFile[slash...].drop { $0 == "/" })
        self.key = key
        self.signed = signed
    }

    /// What encrypted files are called that have another name for it.
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

    /// How long the plain file is, by what lies there: for what a manifest
    /// doesn't say. Nothing is believed of it: whoever loads the file still
    /// compares its bytes.
    package func plainSize(of name: String) throws(CustodyProblem) -> UInt64 {
        let folder = try WeightsFolder(folder)
        let onDisk = nameOnDisk(name)
        let plain = try folder.open(onDisk)
        return try key == nil ? plain.size : AgeCopy.plainSize(of: plain, named: onDisk)
    }
}

/// Where the signatures of a model lie, and who is believed. Paths are
/// absolute.
package struct SignedModelSource: Sendable, Hashable {
    /// What was signed: the folder; nil is the model's file alone.
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
        /// PEM: the public keys of those who may sign it.
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
