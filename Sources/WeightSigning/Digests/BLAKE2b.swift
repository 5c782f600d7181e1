/// BLAKE2b with 64 bytes of output and no key (RFC 7693): the only BLAKE2
/// that model signatures use.
struct BLAKE2b {
    /// The size of the digest, in bytes.
    static let size = 64
    private static let blockSize = 128

    /// RFC 7693 §2.6: SHA-512's.
    private static let start: [UInt64] = [
        0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
        0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179,
    ]

    /// RFC 7693 §2.7, its ten rows one behind another; rounds eleven and
    /// twelve use the first two again.
    private static let order: [UInt8] = [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3, 11,
        8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4, 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8, 9, 0,
        5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13, 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9, 12, 5, 1,
        15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11, 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10, 6, 15, 14, 9,
        11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5, 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
    ]

    private var state = BLAKE2b.start
    /// The bytes that wait until their block is full. A full block waits, too: the last block is treated differently,
    /// and only the end of the data shows which block is the last.
    private var block: [UInt8] = []
    private var length: UInt64 = 0
    private var work = [UInt64](repeating: 0, count: 32)

    init() {
        // RFC 7693 §2.5: depth and fanout 1, no key, 64 bytes.
        state[0] ^= 0x0101_0000 ^ UInt64(Self.size)
        block.reserveCapacity(Self.blockSize)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        if !block.isEmpty {
            let taken = rest.prefix(Self.blockSize - block.count)
            block.append(contentsOf: taken)
            rest = rest.dropFirst(taken.count)
            guard !rest.isEmpty else { return }
            compress(isLast: false)
        }
        while rest.count > Self.blockSize {
            mix(UnsafeRawBufferPointer(rebasing: rest.prefix(Self.blockSize)), count: Self.blockSize, isLast: false)
            rest = rest.dropFirst(Self.blockSize)
        }
        block.append(contentsOf: rest)
    }

    /// - Returns: the digest of all that was given so far; ends this value's
    ///   use.
    mutating func finish() -> [UInt8] {
        compress(isLast: true)
        return state.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
    }

    private mutating func compress(isLast: Bool) {
        let count = block.count
        block.append(contentsOf: repeatElement(0, count: Self.blockSize - count))
        let full = block
        full.withUnsafeBytes { mix($0, count: count, isLast: isLast) }
        block.removeAll(keepingCapacity: true)
    }

    /// RFC 7693 §3.2, the function F.
    private mutating func mix(_ bytes: UnsafeRawBufferPointer, count: Int, isLast: Bool) {
        length += UInt64(count)
        let counted = length
        state.withUnsafeMutableBufferPointer { state in
            work.withUnsafeMutableBufferPointer { work in
                Self.order.withUnsafeBufferPointer { order in
                    // The first sixteen words are the working vector, the
                    // others the message.
                    for index in 0..<8 {
                        work[index] = state[index]
                        work[index + 8] = Self.start[index]
                    }
                    for index in 0..<16 {
                        let word = bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
                        work[16 + index] = UInt64(littleEndian: word)
                    }
                    work[12] ^= counted
                    if isLast { work[14] = ~work[14] }
                    for round in 0..<12 {
                        let row = round % 10 * 16
                        func word(_ index: Int) -> UInt64 { work[16 + Int(order[row + index])] }
                        Self.stir(work, 0, 4, 8, 12, word(0), word(1))
                        Self.stir(work, 1, 5, 9, 13, word(2), word(3))
                        Self.stir(work, 2, 6, 10, 14, word(4), word(5))
                        Self.stir(work, 3, 7, 11, 15, word(6), word(7))
                        Self.stir(work, 0, 5, 10, 15, word(8), word(9))
                        Self.stir(work, 1, 6, 11, 12, word(10), word(11))
                        Self.stir(work, 2, 7, 8, 13, word(12), word(13))
                        Self.stir(work, 3, 4, 9, 14, word(14), word(15))
                    }
                    for index in 0..<8 { state[index] ^= work[index] ^ work[index + 8] }
                }
            }
        }
    }

    /// RFC 7693 §3.1, the function G.
    @inline(__always)
    private static func stir(
        _ work: UnsafeMutableBufferPointer<UInt64>, _ a: Int, _ b: Int, _ c: Int, _ d: Int, _ x: UInt64, _ y: UInt64
    ) {
        work[a] = work[a] &+ work[b] &+ x
        work[d] = rotated(work[d] ^ work[a], 32)
        work[c] = work[c] &+ work[d]
        work[b] = rotated(work[b] ^ work[c], 24)
        work[a] = work[a] &+ work[b] &+ y
        work[d] = rotated(work[d] ^ work[a], 16)
        work[c] = work[c] &+ work[d]
        work[b] = rotated(work[b] ^ work[c], 63)
    }

    @inline(__always)
    private static func rotated(_ word: UInt64, _ places: UInt64) -> UInt64 { word >> places | word << (64 - places) }
}
