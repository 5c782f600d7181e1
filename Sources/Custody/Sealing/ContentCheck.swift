extension ExpectedWeights.File {
    /// Returns whether the sealed bytes are the signed bytes.
    ///
    /// - Parameter sha256: the digest of the memory, which is read again only if the manifest has digests of another
    ///   kind.
    func isMet(by memory: SealedMemory, _ sha256: ContentDigest) throws(CustodyProblem) -> Bool {
        switch content {
        case .sha256(let known): sha256 == known
        case .other(let check): try check.holds(memory)
        }
    }
}

extension SealedMemory {
    /// Gives all bytes piece by piece, from the first to the last.
    package func forEachPiece(_ take: (UnsafeRawBufferPointer) -> Void) throws(CustodyProblem) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: MemoryFile.chunk, alignment: 64)
        defer { buffer.deallocate() }
        var offset: UInt64 = 0
        while offset < size {
            let count = Int(min(UInt64(buffer.count), size - offset))
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            try read(at: offset, into: part)
            take(UnsafeRawBufferPointer(part))
            offset += UInt64(count)
        }
    }
}
