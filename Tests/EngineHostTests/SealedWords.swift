import Custody
import EngineHost
import Glibc
import Synchronization
import WeightFormats

/// A few bytes in sealed memory, which an engine that is none takes for its
/// weights.
func sealedWords(_ text: String = "GGUF weights") throws(CustodyProblem) -> SealedWeights {
    weights(try filled(Array(text.utf8)).sealed())
}

/// Weights that are not sealed and can therefore be changed while an engine has them, as by a fault of the machine's
/// memory.
final class ChangeableWeights: Sendable {
    private let content: [UInt8]
    private let tensors: Range<UInt64>
    private let loads = Mutex<(count: Int, writer: Int32)>((0, -1))

    init(_ content: [UInt8] = [UInt8](repeating: 0x5A, count: 3 << 20), tensors: Range<UInt64>? = nil) {
        self.content = content
        self.tensors = tensors ?? 0..<UInt64(content.count)
    }

    deinit { close(loads.withLock { $0.writer }) }

    /// The number of times that the weights were loaded.
    var count: Int { loads.withLock { $0.count } }

    func load() throws(CustodyProblem) -> SealedWeights {
        let memory = try filled(content)
        let writer = memory.writerForTests()
        loads.withLock {
            close($0.writer)
            $0 = ($0.count + 1, writer)
        }
        return weights(try memory.leftUnsealedForTests(), tensors: tensors)
    }

    /// Changes one bit of what was loaded last.
    func flip(at place: Int) {
        let byte = [content[place] ^ 0x10]
        precondition(pwrite(loads.withLock { $0.writer }, byte, 1, off_t(place)) == 1)
    }

    func cut() { precondition(ftruncate(loads.withLock { $0.writer }, 4096) == 0) }
}

/// Returns the range of the tensors in a model's bytes.
func tensors(in bytes: [UInt8]) throws -> Range<UInt64> {
    try WeightFile(reading: try filled(bytes).sealed()).dataOffset..<UInt64(bytes.count)
}

private func filled(_ bytes: [UInt8]) throws(CustodyProblem) -> MemoryFile {
    var memory = try MemoryFile("model.gguf")
    var problem: CustodyProblem?
    bytes.withUnsafeBytes { bytes in
        do throws(CustodyProblem) { try memory.append(bytes) } catch { problem = error }
    }
    if let problem { throw problem }
    return memory
}

private func weights(_ memory: SealedMemory, tensors: Range<UInt64>? = nil) -> SealedWeights {
    let digest = (try? memory.digest()) ?? ContentDigest.of([])
    let file = ExpectedWeights.File(name: "model.gguf", size: memory.size, sha256: digest)
    return SealedWeights(
        expected: ExpectedWeights(files: [file], manifestRoot: digest, model: "fake", origin: .development),
        files: [
            SealedWeights.SealedFile(
                name: file.name, memory: memory, sha256: digest, tensors: tensors ?? 0..<memory.size)
        ])
}
