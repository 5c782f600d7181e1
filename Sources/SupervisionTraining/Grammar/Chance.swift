/// Chance that is the same for the same seed, on every machine (SplitMix64,
/// Steele et al., 2014).
package struct Chance: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// A number below the bound, which is at least 1.
    package mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % max(1, bound) }

    package mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    package mutating func isLucky(percent: Int) -> Bool { below(100) < percent }

    package mutating func shuffle<Element>(_ elements: inout [Element]) {
        for index in elements.indices.reversed().dropLast() { elements.swapAt(index, below(index + 1)) }
    }
}
