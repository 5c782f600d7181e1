/// The form that age's keys are written in: BIP 173's Bech32, of any length.
package enum Bech32 {
    private static let letters = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)

    /// The bytes of a text with this prefix; nil where anything is wrong:
    /// mixed case, a letter that isn't one, padding, the checksum.
    package static func decode(_ text: String, prefix: String) -> [UInt8]? {
        guard text == text.lowercased() || text == text.uppercased() else { return nil }
        let text = text.lowercased()
        guard text.hasPrefix(prefix + "1") else { return nil }
        var values: [UInt8] = []
        for letter in text.utf8.dropFirst(prefix.utf8.count + 1) {
            guard let value = letters.firstIndex(of: letter) else { return nil }
            values.append(UInt8(value))
        }
        guard values.count >= 6, checksum(expand(prefix) + values) == 1 else { return nil }
        return bytes(values.dropLast(6))
    }

    private static func expand(_ prefix: String) -> [UInt8] {
        prefix.utf8.map { $0 >> 5 } + [0] + prefix.utf8.map { $0 & 31 }
    }

    private static func checksum(_ values: [UInt8]) -> UInt32 {
        let generator: [UInt32] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3]
        var sum: UInt32 = 1
        for value in values {
            let top = sum >> 25
            sum = (sum & 0x1FF_FFFF) << 5 ^ UInt32(value)
            for (bit, part) in generator.enumerated() where top >> UInt32(bit) & 1 == 1 { sum ^= part }
        }
        return sum
    }

    /// Groups of five bits as groups of eight; what is left over must be
    /// less than a group, and zero.
    private static func bytes(_ values: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var held: UInt32 = 0
        var bits = 0
        for value in values {
            held = held << 5 | UInt32(value)
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: held >> UInt32(bits)))
                held &= (1 << UInt32(bits)) - 1
            }
        }
        return bits < 5 && held == 0 ? bytes : nil
    }
}
