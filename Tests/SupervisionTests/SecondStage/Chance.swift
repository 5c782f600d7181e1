import Seeded

/// Chance with a new seed, which is printed: the way to see a failure again.
func seededChance(_ test: String = #function) -> SplitMix {
    let seed = UInt64.random(in: 0 ... .max)
    print("\(test): seed \(seed)")
    return SplitMix(seed: seed)
}
