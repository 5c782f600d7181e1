import Crypto
import Glibc

/// The time that loading a file of weights takes, compared with the least possible time: reading the same bytes twice
/// from memory, with the same hash.
package struct LoadMeasurement: Sendable {
    package var size: UInt64
    package var times: LoadTimes
    /// The time that the same load took immediately before. The host of a virtual machine may first have to provide the
    /// memory, which can take ten times as long as everything else.
    package var first: Duration
    /// SHA-256 of the sealed pages, twice, in one piece.
    package var twoPasses: Duration
    /// The peak of this process's memory before the load; the next property is the peak during the load. Sealed memory
    /// isn't included, but a second copy of the weights would be.
    package var peakBefore: UInt64
    package var peak: UInt64

    package var ratio: Double { times.total / twoPasses }

    /// Loads a file as Holdfast loads a model's, and lets it go again. It is
    /// read once before, so that no disk is measured.
    ///
    /// - Parameter path: of a GGUF file, absolute.
    /// - Throws: as ``SealedWeights/load(_:_:)`` does.
    package static func of(_ path: String) throws(CustodyProblem) -> LoadMeasurement {
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
        let file = try WeightsFolder(source.folder).open(source.file)
        var hasher = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: MemoryFile.chunk, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer)
            guard count > 0 else { break }
            hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        let digest = ContentDigest(hasher.finalize())
        return ExpectedWeights(
            files: [.init(name: source.file, size: file.size, sha256: digest)], manifestRoot: digest,
            model: source.file, origin: .development)
    }

    private static func hashTwice(_ memory: SealedMemory) throws(CustodyProblem) -> Duration {
        let mapped = mmap(nil, Int(memory.size), PROT_READ, MAP_SHARED | MAP_POPULATE, memory.descriptor, 0)
        guard let mapped, mapped != MAP_FAILED else {
            throw CustodyProblem(.system, "the sealed memory can't be mapped: \(reason(errno))", remedy: "report this")
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
    /// From here on anew (proc_pid_clear_refs(5)).
    static func reset() {
        let file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, "5", 1)
        close(file)
    }

    /// The peak of the memory in bytes; 0 if the kernel doesn't report it.
    static var now: UInt64 {
        guard let text = ProcFile.read("/proc/self/status", limit: 64 << 10) else { return 0 }
        for line in text.split(separator: "\n") where line.hasPrefix("VmHWM:") {
            return line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 << 10 } ?? 0
        }
        return 0
    }
}
