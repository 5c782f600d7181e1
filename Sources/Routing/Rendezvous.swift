/// Weighted rendezvous hashing: an order of candidates for each session, found
/// by arithmetic and remembered nowhere.
///
/// A session keeps its first candidate while that one is there, whatever is
/// added or removed beside it: when one of n candidates goes, only its own
/// sessions move. In the long run each candidate is first for a share of the
/// sessions in proportion to its weight. The order is the same in every
/// process.
package enum Rendezvous {
    /// Returns the places of the candidates, first choice first. Candidates
    /// without a weight come last, in their order.
    /// - Parameter session: A number that is the session's alone; its bits are
    ///   taken to be spread already.
    package static func order(_ candidates: [(name: String, weight: Int)], for session: UInt64) -> [Int] {
        let drawn = candidates.indices.filter { candidates[$0].weight > 0 }.map { place in
            (place: place, score: score(candidates[place].name, weight: candidates[place].weight, session))
        }
        let ordered = drawn.sorted { ($0.score, $0.place) < ($1.score, $1.place) }.map(\.place)
        return ordered + candidates.indices.filter { candidates[$0].weight <= 0 }
    }

    /// The time of an event that comes at random, the sooner the greater the
    /// weight: the first of several such is each in proportion to its weight.
    private static func score(_ name: String, weight: Int, _ session: UInt64) -> Double {
        -logarithm(hash(name, session)) / Double(weight)
    }

    /// FNV-1a of the name, with the session's number, and its bits spread
    /// (the finalizer of SplitMix64).
    static func hash(_ name: String, _ session: UInt64) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = (hash ^ session) &+ 0x9e37_79b9_7f4a_7c15
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        return hash ^ (hash >> 31)
    }

    /// The binary logarithm of a number's part of 2^64, which is below zero:
    /// by squaring, so that no machine's library rounds it in its own way.
    static func logarithm(_ number: UInt64) -> Double {
        // Neither end of the range.
        let number = max(1, number)
        let zeros = number.leadingZeroBitCount
        // From 1 up to, but not including, 2.
        var mantissa = Double((number << UInt64(zeros)) >> 11) / Double(1 << 52)
        var (fraction, step) = (0.0, 0.5)
        for _ in 0..<40 {
            mantissa *= mantissa
            if mantissa >= 2 {
                mantissa /= 2
                fraction += step
            }
            step /= 2
        }
        return min(-0x1p-64, Double(-1 - zeros) + fraction)
    }
}
