extension Duration {
    /// Reads `500ms`, `10s`, `1.5s`, `2m`, `1h` or `30d`; nil for anything
    /// else, a number without a unit too.
    package init?(written text: String) {
        let units: [(String, Int64)] = [
            ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
            ("d", 86_400_000_000_000),
        ]
        guard let (suffix, nanoseconds) = units.first(where: { text.hasSuffix($0.0) }),
            let count = decimal(text.dropLast(suffix.count)), count <= 100_000_000
        else { return nil }
        self = .nanoseconds(Int64(min(count * Double(nanoseconds), 9e18)))
    }
}

/// Reads `1024`, `64KiB`, `32MiB`, `1GiB`, and `KB`, `MB`, `GB` as powers of
/// a thousand; nil for anything else.
package func bytesWritten(_ text: String) -> Int? {
    let units: [(String, Double)] = [
        ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("B", 1),
    ]
    let unit = units.first { text.hasSuffix($0.0) }
    let digits = text.dropLast(unit?.0.count ?? 0)
    guard let count = decimal(digits.last == " " ? digits.dropLast() : digits) else { return nil }
    let bytes = count * (unit?.1 ?? 1)
    return bytes <= 1e15 ? Int(bytes) : nil
}

/// Reads `5%` or `99.9%` as a part of one; nil for anything else, more than
/// 100% too.
func percentWritten(_ text: String) -> Double? {
    guard text.hasSuffix("%") else { return nil }
    return hundredth(text.dropLast()).flatMap { $0 <= 1 ? $0 : nil }
}

/// Reads `p95` or `p99.9` as a part of one; nil for anything else, and what
/// is not from p50 to p99.9.
func quantileWritten(_ text: String) -> Double? {
    guard text.hasPrefix("p") else { return nil }
    return hundredth(text.dropFirst()).flatMap { (0.5...0.999).contains($0) ? $0 : nil }
}

/// A hundredth of what is written: the number nearest to it, as a division
/// would not give it (99.9 / 100 is more than 0.999, and a service that is up
/// for 0.999 of the time would fall short of 99.9%).
private func hundredth(_ text: Substring) -> Double? { decimal(text).flatMap { _ in Double(text + "e-2") } }

/// Digits, with at most one point between them: `Double` would also take
/// `0x10`, `1e9`, `inf` and `-1`.
private func decimal(_ text: Substring) -> Double? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), text.utf8.count <= 15,
        parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } })
    else { return nil }
    return Double(text)
}
