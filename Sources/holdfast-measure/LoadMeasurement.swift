import Crypto
import Custody
import Files
import Glibc

/// The time that loading a file of weights takes, compared with the least possible time: reading the same bytes twice
/// from memory, with the same hash.
struct LoadMeasurement {
    var size: UInt64
    var times: LoadTimes
    /// The time that the same load took immediately before. The host of a virtual machine may first have to provide the
    /// memory, which can take ten times as long as everything else.
    var first: Duration
    /// SHA-256 of the sealed pages, twice, in one piece.
    var twoPasses: Duration
    /// The peak of this process's memory before the load; the next property is the peak during the load. Sealed memory
    /// isn't included, but a second copy of the weights would be.
    var peakBefore: UInt64
    var peak: UInt64

    var ratio: Double { times.total / twoPasses }

    /// Loads a file twice, as Holdfast loads a model's file, and frees its memory. The file is read once before, so that
    /// the disk isn't measured.
    ///
    /// - Parameter path: the absolute path of a GGUF file.
    /// - Throws: ``CustodyProblem`` if the file is missing, or `SealedWeights.load` refuses it.
    static func of(_ path: String) throws(CustodyProblem) -> LoadMeasurement {
        let source = WeightsSource(modelFile: path)
        let expected = try expectation(source)
        let first = try SealedWeights.load(source, expected).times.total
        let peakBefore = resetPeak()
        let weights = try SealedWeights.load(source, expected)
        let peak = MemoryPeak.now
        let twoPasses = try hashTwice(weights.files[0].memory)
        return LoadMeasurement(
            size: weights.files[0].memory.size, times: weights.times, first: first, twoPasses: twoPasses,
            peakBefore: peakBefore, peak: peak)
    }

    private static func expectation(_ source: WeightsSource) throws(CustodyProblem) -> ExpectedWeights {
        let size = try source.plainSize(of: source.file)
        let digest: ContentDigest
        do throws(FileFault) {
            digest = try Self.digest(of: source.path)
        } catch {
            throw CustodyProblem(.missing, "\(error)", remedy: "see whether the disk is in order")
        }
        return ExpectedWeights(
            files: [.init(name: source.file, size: size, sha256: digest)], manifestRoot: digest, model: source.file,
            origin: .development)
    }

    private static func digest(of path: String) throws(FileFault) -> ContentDigest {
        let file = try RegularFile(path)
        var hasher = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer)
            guard count > 0 else { return ContentDigest(hasher.finalize()) }
            hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private static func hashTwice(_ memory: SealedMemory) throws(CustodyProblem) -> Duration {
        let mapped = mmap(nil, Int(memory.size), PROT_READ, MAP_SHARED | MAP_POPULATE, memory.descriptor, 0)
        guard let mapped, mapped != MAP_FAILED else {
            throw CustodyProblem(
                .system, "the sealed memory can't be mapped: \(String(cString: strerror(errno)))",
                remedy: "report this")
        }
        defer { munmap(mapped, Int(memory.size)) }
        let began = ContinuousClock.now
        for _ in 0..<2 {
            var hasher = SHA256()
            hasher.update(bufferPointer: UnsafeRawBufferPointer(start: mapped, count: Int(memory.size)))
            withExtendedLifetime(hasher.finalize()) {}
        }
        return .now - began
    }

    private static func resetPeak() -> UInt64 {
        MemoryPeak.reset()
        return MemoryPeak.now
    }
}

/// The most memory that this process has held at once (proc_pid_status(5)).
enum MemoryPeak {
    /// Resets the peak to the memory in use now (proc_pid_clear_refs(5)).
    static func reset() {
        let file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, "5", 1)
        close(file)
    }

    /// The peak of the memory in bytes; 0 if the kernel doesn't report it.
    static var now: UInt64 {
        guard let bytes = try? WholeFile.readAll("/proc/self/status", limit: 64 << 10, within: nil) else { return 0 }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("VmHWM:") {
            return line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 << 10 } ?? 0
        }
        return 0
    }
}
