/// Finds what somebody meant to write.
package enum Spelling {
    /// Names longer than this, in characters, get no suggestion: the work is
    /// the product of two lengths, and strangers send the names.
    package static let longest = 96
    /// Only so many candidates are looked at, for the same reason.
    package static let mostCandidates = 256

    /// The candidate nearest to `name`, if one is near enough to be a slip of
    /// the fingers: at most a third of its letters wrong, letter case and the
    /// choice of `-` or `_` not counted. The first of equals wins.
    package static func closest(to name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = folded(name)
        // One letter that is wrong is not a slip but another name.
        guard wanted.count > 1, wanted.count <= longest else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in candidates.prefix(mostCandidates) {
            let letters = folded(candidate)
            guard letters.count <= longest else { continue }
            let limit = max(1, max(wanted.count, letters.count) / 3)
            guard abs(letters.count - wanted.count) <= limit else { continue }
            let distance = distance(wanted, letters)
            if distance <= limit, distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        return best?.name
    }

    private static func folded(_ name: String) -> [Character] {
        name.prefix(longest + 1).lowercased().map { $0 == "_" ? "-" : $0 }
    }

    /// Returns the number of letters that must be inserted, removed, replaced
    /// or swapped with their neighbour to turn one word into the other (optimal
    /// string alignment).
    static func distance(_ a: [Character], _ b: [Character]) -> Int {
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 1...a.count {
            var row = [i]
            row.reserveCapacity(b.count + 1)
            for j in 1...b.count {
                var least = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    least = min(least, beforeLast[j - 2] + 1)
                }
                row.append(least)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
