/// Numbers as people read them.
package enum Amount {
    /// `98,362,432`
    package static func grouped(_ number: UInt64) -> String {
        var parts: [String] = []
        var rest = number
        while rest >= 1000 {
            let part = String(rest % 1000)
            parts.append(String(repeating: "0", count: 3 - part.count) + part)
            rest /= 1000
        }
        return ([String(rest)] + parts.reversed()).joined(separator: ",")
    }

    /// `98,362,432 bytes`
    static func exactly(_ bytes: some BinaryInteger) -> String {
        bytes == 1 ? "1 byte" : "\(grouped(UInt64(bytes))) bytes"
    }

    /// `98.4 MB`, of a thousand each.
    package static func bytes(_ number: UInt64) -> String {
        number < 1000 ? exactly(number) : scaled(number, ["", "kB", "MB", "GB", "TB", "PB", "EB"])
    }

    /// `134.5 M`, as models' sizes are given.
    package static func short(_ number: UInt64) -> String {
        let text = scaled(number, ["", "K", "M", "B", "T", "Qa", "Qi"])
        return text.hasSuffix(" ") ? String(text.dropLast()) : text
    }

    private static func scaled(_ number: UInt64, _ units: [String]) -> String {
        guard number >= 1000 else { return "\(number) \(units[0])" }
        func tenths(of unit: UInt64) -> UInt64 {
            let (whole, rest) = number.quotientAndRemainder(dividingBy: unit / 10)
            return whole + (rest >= unit / 20 ? 1 : 0)
        }
        var unit: UInt64 = 1000
        var index = 1
        // Rounded, 999,999 is 1.0 M and not 1000.0 K.
        while tenths(of: unit) >= 10_000, index < units.count - 1 {
            unit *= 1000
            index += 1
        }
        let tenths = tenths(of: unit)
        return "\(tenths / 10).\(tenths % 10) \(units[index])"
    }

    /// `576 × 49,152`
    package static func shape(_ shape: [UInt64]) -> String {
        shape.isEmpty ? "scalar" : shape.map(grouped).joined(separator: " × ")
    }

    /// `0A`
    static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
}
