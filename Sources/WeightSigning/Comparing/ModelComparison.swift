package import Signing

/// A comparison of the present files with the signed ones. Every file must be signed: engines and libraries also read
/// files that were not named to them, and `.git` runs hooks.
package struct ModelComparison: Sendable, Hashable {
    /// The entries that are present but not signed, are a link or a device, or have an invalid name.
    package private(set) var unsigned: [ModelEntry] = []
    package private(set) var missing: [ModelPath] = []
    /// Links and devices where signed files should be.
    package private(set) var irregular: [ModelPath] = []
    /// Others than were signed.
    package private(set) var changed: [ModelPath] = []
    /// The same.
    package private(set) var same = 0

    /// Compares the names first, and the bytes only if the names are right, so that a stray file is reported without
    /// hashing the whole model.
    ///
    /// - Parameter own: the files that may be present without being signed: the signatures themselves.
    package init(_ manifest: ModelManifest, _ files: some ModelFiles, own: Set<ModelPath>) throws(SigningProblem) {
        try self.init(namesOf: manifest, files, own: own)
        guard hasRightNames else { return }
        for file in manifest.files {
            var check = FileCheck(file)
            try files.read(file.path) { bytes throws(SigningProblem) in check.update(bytes) }
            if check.finish() { same += 1 } else { changed.append(file.path) }
        }
    }

    /// Compares the names only, for callers that compare the bytes elsewhere.
    package init(
        namesOf manifest: ModelManifest, _ files: some ModelFiles, own: Set<ModelPath>
    ) throws(SigningProblem) {
        var signed: [ModelPath: ManifestFile] = [:]
        for file in manifest.files { signed[file.path] = file }
        for entry in try files.list().sorted(by: { $0.path < $1.path }) {
            if signed.removeValue(forKey: entry.path) == nil {
                if !own.contains(entry.path) || entry.kind != .file { unsigned.append(entry) }
            } else if entry.kind != .file {
                irregular.append(entry.path)
            }
        }
        missing = signed.keys.sorted()
    }

    package var hasRightNames: Bool { unsigned.isEmpty && missing.isEmpty && irregular.isEmpty }
    package var holds: Bool { hasRightNames && changed.isEmpty }
}
