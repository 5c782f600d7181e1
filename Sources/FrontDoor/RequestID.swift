import Atomics

/// `req_` and 24 digits: what a caller quotes when it asks about a request.
///
/// Unique, not secret: a count that starts at chance, under a mixing function
/// that loses nothing (SplitMix64's), after eight digits of the process. The
/// system's source of chance would cost two system calls a request.
enum RequestID {
    private static let process = UInt32.random(in: .min ... .max)
    private static let count = ManagedAtomic<UInt64>(.random(in: .min ... .max))

    static func make() -> String {
        var mixed = count.loadThenWrappingIncrement(ordering: .relaxed) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        let digits: StaticString = "0123456789abcdef"
        return String(unsafeUninitializedCapacity: 28) { bytes in
            for (index, byte) in "req_".utf8.enumerated() { bytes[index] = byte }
            for index in 0..<8 { bytes[4 + index] = digits.utf8Start[Int(process >> (28 - 4 * UInt32(index)) & 0xF)] }
            for index in 0..<16 { bytes[12 + index] = digits.utf8Start[Int(mixed >> (60 - 4 * UInt64(index)) & 0xF)] }
            return 28
        }
    }
}
