import Encodings

/// Random texts by which two statements of the same content differ.
package enum Nonce {
    /// The digits of one: 128 bits.
    package static let length = 32

    /// A new one, from the system's source of randomness.
    package static func make() -> String {
        var random = SystemRandomNumberGenerator()
        return make(&random)
    }

    package static func make(_ random: inout some RandomNumberGenerator) -> String {
        Hex.encode((0..<length / 2).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    static func isValid(_ text: String) -> Bool { text.utf8.count == length && Hex.decode(text) != nil }
}
