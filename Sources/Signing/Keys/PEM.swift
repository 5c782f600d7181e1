import Encodings
import SwiftASN1

/// Blocks of a PEM text (RFC 7468).
package enum PEM {
    package struct Block {
        package var type: String
        package var bytes: [UInt8]
    }

    /// - Parameter what: the text should be, for the message.
    package static func blocks(_ text: String, _ what: String) throws(SigningProblem) -> [Block] {
        do {
            return try PEMDocument.parseMultiple(pemString: text).map {
                Block(type: $0.discriminator, bytes: $0.derBytes)
            }
        } catch {
            throw SigningProblem(.malformed, "\(what) is no PEM text", remedy: "give the file in PEM, not in DER")
        }
    }

    /// For messages.
    package static func list(_ blocks: [Block]) -> String {
        blocks.isEmpty ? "nothing" : blocks.map { Printable.text($0.type, most: 40) }.joined(separator: ", ")
    }
}
