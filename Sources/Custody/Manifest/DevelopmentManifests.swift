import Crypto
import Files
import NIOCore
import Wire

/// The manifests of models that are not signed, made from their files at the first start.
///
/// Such a manifest shows that a file was changed later, but proves nothing about the file's origin; a signature is
/// required for that.
package struct DevelopmentManifests: Sendable {
    /// The folder of the manifests. It belongs to this Holdfast only, and is kept between starts.
    private let folder: String

    /// - Parameter folder: made when it is needed, for this user only.
    package init(folder: String) { self.folder = folder }

    /// Returns the properties that the model has to have; at its first start, records the properties that it has.
    ///
    /// - Parameter name: the provider's name: letters, digits, `.`, `_` and `-`.
    package func expected(
        _ source: WeightsSource, name: String, model: String
    ) throws(CustodyProblem) -> ExpectedWeights {
        let path = "\(folder)/\(name).json"
        if let known = try read(path, source) { return expectation(known, model) }
        let files = try survey(source)
        try write(path, source, files)
        return expectation(files, model)
    }

    private func expectation(_ files: [ExpectedWeights.File], _ model: String) -> ExpectedWeights {
        // As OpenSSF Model Signing makes the root: of the digests, by name.
        let root = ContentDigest.of(files.sorted { $0.name < $1.name }.flatMap { $0.sha256?.bytes ?? [] })
        return ExpectedWeights(files: files, manifestRoot: root, model: model, origin: .development)
    }

    private func survey(_ source: WeightsSource) throws(CustodyProblem) -> [ExpectedWeights.File] {
        let folder = try WeightsFolder(source.folder)
        let identities = try source.key?.identities()
        var files: [ExpectedWeights.File] = []
        for name in SplitName.all(of: source.plainName) {
            let onDisk = source.nameOnDisk(name)
            let plain = try folder.open(onDisk)
            let size = identities == nil ? plain.size : try AgeCopy.plainSize(of: plain, named: onDisk)
            try MachineMemory.require(size, for: name)
            let memory = try SealedWeights.copy(onDisk, size: size, from: folder, identities)
            files.append(.init(name: name, size: size, sha256: memory.streamed))
        }
        return files
    }

    // MARK: On the disk

    /// Nil where there is none for this source.
    private func read(_ path: String, _ source: WeightsSource) throws(CustodyProblem) -> [ExpectedWeights.File]? {
        let text: String
        do throws(FileFault) {
            text = String(decoding: try WholeFile.readAll(path, limit: 4 << 20, links: .refused), as: UTF8.self)
        } catch {
            guard error.isMissing else { throw broken(path) }
            return nil
        }
        guard let root = try? JSONDocument(ByteBuffer(string: text)).root, root.kind == .object,
            let folder = root["folder"]?.string, let listed = root["files"]
        else { throw broken(path) }
        guard folder == source.folder, root["file"]?.string == source.file else { return nil }
        var files: [ExpectedWeights.File] = []
        for entry in listed.elements {
            guard let name = entry["name"]?.string, let size = entry["size"]?.int, size >= 0,
                let sha256 = entry["sha256"]?.string.flatMap({ ContentDigest(hex: $0) })
            else { throw broken(path) }
            files.append(.init(name: name, size: UInt64(size), sha256: sha256))
        }
        guard !files.isEmpty else { throw broken(path) }
        return files
    }

    private func broken(_ path: String) -> CustodyProblem {
        CustodyProblem(
            .manifest, "the development manifest \(path) can't be read",
            remedy: "see who changed it; a new one is made when it is removed")
    }

    private func write(
        _ path: String, _ source: WeightsSource, _ files: [ExpectedWeights.File]
    ) throws(CustodyProblem) {
        var json = JSONWriter()
        json.object { json in
            json.member("v", 1)
            json.member("folder", source.folder)
            json.member("file", source.file)
            json.array("files") { json in
                for file in files {
                    json.object { json in
                        json.member("name", file.name)
                        json.member("size", Int(file.size))
                        json.member("sha256", ifPresent: file.sha256?.hex)
                    }
                }
            }
        }
        do throws(FileFault) {
            try Folder.make(folder)
            try WholeFile.replaceDurably(path, with: Array(json.buffer.readableBytesView), links: .refused)
        } catch {
            throw CustodyProblem(
                .manifest, "\(error.path) can't be written: \(error.reason)",
                remedy: error.remedy ?? "let this user write to its folder")
        }
    }
}

/// The names of a model's files that llama.cpp's tools have split:
/// `name-00001-of-00003.gguf`.
enum SplitName {
    private static let digits = 5

    /// All of them, if the name is the first's; else the name alone.
    static func all(of name: String) -> [String] {
        let suffix = ".gguf"
        guard name.hasSuffix(suffix) else { return [name] }
        let parts = name.dropLast(suffix.count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[parts.count - 2] == "of", parts[parts.count - 3] == "00001",
            parts[parts.count - 1].utf8.count == digits, let count = Int(parts[parts.count - 1]), count > 1
        else { return [name] }
        let prefix = parts.dropLast(3).joined(separator: "-")
        return (1...count).map { "\(prefix)-\(padded($0))-of-\(parts[parts.count - 1])\(suffix)" }
    }

    private static func padded(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
