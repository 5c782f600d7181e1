package import Conversation

/// Vectors as OpenAI packs them for `encoding_format: base64`: 32-bit
/// floats, little-endian, in base64 (RFC 4648 §4).
package enum Float32Base64 {
    package static func encode(_ values: [Double]) -> String {
        let length = (values.count * 4 + 2) / 3 * 4
        return String(unsafeUninitializedCapacity: length) { output in
            var written = 0
            var held: UInt32 = 0
            var count = 0
            func put(_ value: UInt32) {
                output[written] = alphabet.utf8Start[Int(value & 0x3F)]
                written += 1
            }
            for value in values {
                let bits = Float(value).bitPattern
                for shift in [UInt32(0), 8, 16, 24] {
                    held = held << 8 | (bits >> shift & 0xFF)
                    count += 1
                    if count == 3 {
                        put(held >> 18)
                        put(held >> 12)
                        put(held >> 6)
                        put(held)
                        held = 0
                        count = 0
                    }
                }
            }
            if count > 0 {
                held <<= count == 1 ? 16 : 8
                put(held >> 18)
                put(held >> 12)
                if count == 2 { put(held >> 6) }
                for _ in count..<3 {
                    output[written] = UInt8(ascii: "=")
                    written += 1
                }
            }
            return written
        }
    }

    /// - Returns: nil where `text` isn't base64 of whole 32-bit floats.
    package static func decode(_ text: String) -> [Double]? {
        var values: [Double] = []
        values.reserveCapacity(text.utf8.count * 3 / 16)
        var held: UInt32 = 0
        var bits = 0
        var float: UInt32 = 0
        var bytes: UInt32 = 0
        var padding = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let six = sextet(byte) else { return nil }
            held = held << 6 | six
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            float |= (held >> UInt32(bits) & 0xFF) << (bytes * 8)
            bytes += 1
            if bytes == 4 {
                // By way of text: 0.1 stays 0.1 and doesn't become
                // 0.10000000149011612.
                values.append(Double(Float(bitPattern: float).description) ?? .nan)
                float = 0
                bytes = 0
            }
        }
        guard bytes == 0, padding < 3, text.utf8.count.isMultiple(of: 4) else { return nil }
        return values
    }

    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    private static func sextet(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}

extension EmbeddingsReply {
    /// The same vectors in the form that `encoding_format` names; nil is
    /// `float`. Base64 that can't be read stays as it came.
    package func inFormat(_ format: String?) -> EmbeddingsReply {
        var reply = self
        for index in reply.vectors.indices {
            switch (reply.vectors[index], format) {
            case (.floats(let values), "base64"): reply.vectors[index] = .base64(Float32Base64.encode(values))
            case (.base64(let text), nil), (.base64(let text), "float"):
                if let values = Float32Base64.decode(text) { reply.vectors[index] = .floats(values) }
            default: break
            }
        }
        return reply
    }
}
