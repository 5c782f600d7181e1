import Crypto
import Dispatch
import Synchronization

/// Hashes what was copied while the next piece is being copied: on another
/// core, a few buffers behind.
///
/// Pieces are hashed in the order in which they are handed over. One thread
/// hands them over.
final class HashingBehind: Sendable {
    /// The number of bytes that are copied and hashed at a time; a piece stays in the second-level cache.
    static let piece = 256 << 10
    private static let pieces = 8

    /// A buffer that is in one place at a time: free, with the copier, or
    /// with the hasher.
    struct Piece: @unchecked Sendable {
        fileprivate let bytes: UnsafeMutableRawBufferPointer

        var buffer: UnsafeMutableRawBufferPointer { bytes }
    }

    private let queue = DispatchQueue(label: "weights-hash", qos: .userInitiated)
    private let room = DispatchSemaphore(value: pieces)
    private let free: Mutex<[Piece]>
    private let all: [Piece]
    private let hasher = Mutex(SHA256())

    init() {
        all = (0..<Self.pieces).map { _ in
            Piece(bytes: .allocate(byteCount: Self.piece, alignment: 4096))
        }
        free = Mutex(all)
    }

    deinit { for piece in all { piece.bytes.deallocate() } }

    /// A free buffer. Waits until there is one.
    func take() -> Piece {
        room.wait()
        return free.withLock { $0.removeLast() }
    }

    /// Gives back a buffer that was not filled.
    func giveBack(_ piece: Piece) {
        free.withLock { $0.append(piece) }
        room.signal()
    }

    /// Has the first bytes of a buffer hashed; it is free again then.
    func hash(_ piece: Piece, count: Int) {
        queue.async { [self] in
            hasher.withLock { $0.update(bufferPointer: UnsafeRawBufferPointer(rebasing: piece.bytes[..<count])) }
            giveBack(piece)
        }
    }

    /// The digest of everything that was handed over. Waits until all of it is hashed.
    var digest: ContentDigest {
        queue.sync {}
        return ContentDigest(hasher.withLock { $0.finalize() })
    }
}
