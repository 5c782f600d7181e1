import Signing

/// A signed file: where it is and what must be in it.
package struct ManifestFile: Sendable, Hashable {
    /// A piece of a file's bytes.
    package struct Piece: Sendable, Hashable {
        /// The offset of the piece's end; nil is the end of the file.
        package var end: UInt64?
        package var digest: [UInt8]

        package init(end: UInt64?, digest: [UInt8]) { (self.end, self.digest) = (end, digest) }
    }

    package let path: ModelPath
    package let algorithm: DigestAlgorithm
    /// From the file's first byte on, each where the one before it ends.
    package let pieces: [Piece]

    package init(path: ModelPath, algorithm: DigestAlgorithm, pieces: [Piece]) {
        (self.path, self.algorithm, self.pieces) = (path, algorithm, pieces)
    }

    /// The size of the file, if the manifest states it; the sizes of files that are signed as a whole are not signed.
    package var size: UInt64? { pieces.last?.end }

    /// - Parameter resources: all that there are, each once.
    static func files(
        _ resources: [Resource], _ serialization: Serialization
    ) throws(SigningProblem) -> [ManifestFile] {
        var files: [ManifestFile] = []
        for (path, parts) in Dictionary(grouping: resources, by: \.path).sorted(by: { $0.key < $1.key }) {
            let pieces: [Piece]
            switch serialization.method {
            case .files: pieces = parts.map { Piece(end: nil, digest: $0.digest) }
            case .shards(let size): pieces = try shards(path, parts, size)
            }
            files.append(ManifestFile(path: path, algorithm: serialization.algorithm, pieces: pieces))
        }
        return files
    }

    /// Every shard must be as long as all of them are, but the last, and
    /// start where the one before it ends.
    private static func shards(
        _ path: ModelPath, _ parts: [Resource], _ size: UInt64
    ) throws(SigningProblem) -> [Piece] {
        var pieces: [Piece] = []
        var place: UInt64 = 0
        let ranges = parts.compactMap { part in part.range.map { (range: $0, digest: part.digest) } }
            .sorted { $0.range.lowerBound < $1.range.lowerBound }
        for (index, part) in ranges.enumerated() {
            guard part.range.lowerBound == place else {
                throw .malformed("the shards of \(path) overlap or leave a gap at byte \(place)")
            }
            let length = part.range.upperBound - part.range.lowerBound
            guard length == size || (index == ranges.count - 1 && length < size) else {
                throw .malformed("a shard of \(path) has \(length) bytes where \(size) belong")
            }
            place = part.range.upperBound
            pieces.append(Piece(end: place, digest: part.digest))
        }
        return pieces
    }
}

/// A check that compares a file with the signed one while its bytes are read for another purpose, such as loading it.
package struct FileCheck {
    private let file: ManifestFile
    private var piece = 0
    private var place: UInt64 = 0
    private var digest: StreamingDigest
    private var holds = true

    package init(_ file: ManifestFile) {
        self.file = file
        digest = StreamingDigest(file.algorithm)
    }

    /// The next bytes of the file.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty, holds {
            guard piece < file.pieces.count else {
                // More than was signed.
                holds = false
                return
            }
            let end = file.pieces[piece].end ?? .max
            let taken = rest.prefix(Int(clamping: end - place))
            digest.update(UnsafeRawBufferPointer(rebasing: taken))
            place += UInt64(taken.count)
            rest = rest.dropFirst(taken.count)
            if place == end { close() }
        }
    }

    private mutating func close() {
        holds = holds && digest.finish() == file.pieces[piece].digest
        digest = StreamingDigest(file.algorithm)
        piece += 1
    }

    /// Returns whether the given bytes are exactly the signed file.
    package consuming func finish() -> Bool {
        if holds, piece < file.pieces.count {
            guard file.pieces[piece].end == nil else { return false }
            close()
        }
        return holds && piece == file.pieces.count
    }
}
