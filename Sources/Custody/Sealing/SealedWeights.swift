import Glibc
import WeightFormats

/// A model's files in sealed memory, where each was hashed and matches the manifest.
///
/// The files are copied into memory that the kernel then seals, so that no process can change them any more, this one
/// included. Only then they are hashed, and an engine maps exactly these pages. So a later change of the files on the
/// disk has no effect, and the engine computes with the bytes that were verified.
///
/// Only ``load(_:_:)`` creates this value, and an engine gets its weights in no other way, in particular never as a
/// path.
package struct SealedWeights: ~Copyable {
    package let expected: ExpectedWeights
    package let files: [SealedFile]
    /// The time that loading took.
    package let times: LoadTimes

    /// One file, as it will be mapped.
    package struct SealedFile: Sendable {
        package var name: String
        package var memory: SealedMemory
        /// The digest of the sealed memory.
        package var sha256: ContentDigest
        /// The range of the tensors in the memory.
        package var tensors: Range<UInt64>

        package init(name: String, memory: SealedMemory, sha256: ContentDigest, tensors: Range<UInt64>) {
            (self.name, self.memory, self.sha256, self.tensors) = (name, memory, sha256, tensors)
        }
    }

    /// Copies every file into memory, seals the memory, and only then checks the sealed bytes: first their digest, then
    /// their format. Changes to the file on the disk during or after the copy have no effect.
    ///
    /// This takes a long time, so it must not be called on an event loop.
    ///
    /// - Parameter role: the role in which the model is loaded.
    /// - Throws: ``CustodyProblem`` for the first file that differs from the manifest, or if the manifest names another
    ///   role.
    package static func load(
        _ source: WeightsSource, _ expected: ExpectedWeights, as role: ExpectedWeights.Role = .primary
    ) throws(CustodyProblem) -> SealedWeights {
        guard expected.role == role else {
            throw CustodyProblem(
                .manifest, "\(expected.model) is signed as \(expected.role.rawValue), and not as \(role.rawValue)",
                remedy: "have it signed for what it is to be")
        }
        try MachineMemory.require(expected.size, for: expected.model)
        let folder = try WeightsFolder(source.folder)
        let identities = try source.key?.identities()
        var times = LoadTimes()
        var files: [SealedFile] = []
        var descriptions: [WeightFile] = []
        for file in expected.files {
            let began = ContinuousClock.now
            let filled = try copy(source.nameOnDisk(file.name), size: file.size, from: folder, identities)
            let streamed = filled.streamed
            guard streamed == file.sha256 ?? streamed else { throw .changed(file, streamed, expected.origin) }
            let copied = ContinuousClock.now
            let memory = try filled.sealed()
            let sealed = ContinuousClock.now
            // The hash that counts: of what the engine will map.
            let sha256 = try memory.digest()
            let hashed = ContinuousClock.now
            guard try file.isMet(by: memory, sha256) else { throw .changed(file, sha256, expected.origin) }
            let description = try Self.description(of: memory, named: file.name)
            descriptions.append(description)
            times.copying += copied - began
            times.sealing += sealed - copied
            times.hashing += hashed - sealed
            times.checking += .now - hashed
            files.append(
                SealedFile(
                    name: file.name, memory: memory, sha256: sha256, tensors: description.dataOffset..<memory.size))
        }
        try WeightSet.check(descriptions, names: expected.files.map(\.name))
        try checkTemplate(descriptions.first, expected)
        return SealedWeights(expected: expected, files: files, times: times)
    }

    /// For ``load(_:_:)``, and for tests: `Scripts/boundaries.py` refuses it
    /// elsewhere.
    package init(expected: ExpectedWeights, files: [SealedFile], times: LoadTimes = LoadTimes()) {
        self.expected = expected
        self.files = files
        self.times = times
    }

    /// Fills memory with one file's plain bytes: exactly `size` of them.
    static func copy(
        _ name: String, size: UInt64, from folder: borrowing WeightsFolder, _ identities: [AgeIdentity]?
    ) throws(CustodyProblem) -> MemoryFile {
        let plain = try folder.open(name)
        posix_fadvise(plain.descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        var memory = try MemoryFile(name)
        if let identities {
            try AgeCopy.run(plain, into: &memory, expecting: size, of: name, with: identities)
        } else {
            try PlainCopy.run(plain, into: &memory, expecting: size, of: name)
        }
        return memory
    }

    private static func description(of memory: SealedMemory, named name: String) throws(CustodyProblem) -> WeightFile {
        do throws(FormatProblem) {
            return try WeightFile(reading: memory)
        } catch {
            if let head = try? memory.read(at: 0, count: AgeHeader.version.utf8.count),
                head.elementsEqual(AgeHeader.version.utf8)
            {
                throw CustodyProblem(
                    .encryption, "\(name) is encrypted (age), and no key is given",
                    remedy: "say where its key comes from: weights_key")
            }
            throw CustodyProblem(
                .format, "\(name): \(error.what)\(error.offset.map { " (at byte \($0))" } ?? "")", remedy: error.remedy)
        }
    }

    private static func checkTemplate(
        _ file: WeightFile?, _ expected: ExpectedWeights
    ) throws(CustodyProblem) {
        guard let pinned = expected.template else { return }
        guard let template = file?.chatTemplate, ContentDigest.of(template.bytes) == pinned else {
            throw CustodyProblem(
                .mismatch, "the chat template of \(expected.model) is not the one that its manifest pins",
                remedy: "load the file that was signed, or have this one signed")
        }
    }
}
