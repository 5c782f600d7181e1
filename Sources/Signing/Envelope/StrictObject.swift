import Crypto
import Encodings
import NIOCore
package import Wire

/// A JSON object of which everything is known or refused: who signs and who
/// verifies must not read two things out of one text. That names are given
/// once only, that the text is UTF-8 and that nothing follows it is
/// ``Wire/JSONDocument``'s part.
package struct StrictObject {
    /// For messages: "the bundle", "the statement's subject".
    package let what: String
    private let view: JSONView

    /// The whole of a text.
    package init(_ bytes: [UInt8], _ what: String, members: [StaticString]) throws(SigningProblem) {
        let document: JSONDocument
        do {
            document = try JSONDocument(ByteBuffer(bytes: bytes), limits: JSONLimits(depth: 16, values: 4_000_000))
        } catch {
            throw .malformed("\(what) can't be read: \(error)")
        }
        try self.init(document.root, what, members: members)
    }

    /// - Parameter members: all that it may have; nil where others are to be
    ///   passed over.
    package init(_ view: JSONView, _ what: String, members: [StaticString]?) throws(SigningProblem) {
        guard view.kind == .object else { throw .malformed("\(what) is no JSON object") }
        if let members {
            for (name, _) in view.members where !members.contains(where: { name.isString($0) }) {
                throw .malformed("\(what) has \(Printable.quoted(name.string ?? "")), which is not known")
            }
        }
        self.view = view
        self.what = what
    }

    /// - Returns: nil where there is no such member.
    package func optional(_ name: StaticString) -> JSONView? { view[name] }

    package func member(_ name: StaticString) throws(SigningProblem) -> JSONView {
        guard let value = view[name] else { throw .malformed("\(what) has no `\(name)`") }
        return value
    }

    package func object(_ name: StaticString, members: [StaticString]?) throws(SigningProblem) -> StrictObject {
        try StrictObject(try member(name), "\(what)'s `\(name)`", members: members)
    }

    package func string(_ name: StaticString) throws(SigningProblem) -> String {
        guard let text = try member(name).string else { throw .malformed("\(what)'s `\(name)` is no string") }
        return text
    }

    /// A string that must be this one.
    package func must(_ name: StaticString, be expected: String) throws(SigningProblem) {
        let found = try string(name)
        guard Array(found.utf8) == Array(expected.utf8) else {
            throw .malformed("\(what)'s `\(name)` is \(Printable.quoted(found)) and not \(expected)")
        }
    }

    package func bool(_ name: StaticString) throws(SigningProblem) -> Bool {
        guard let value = try member(name).bool else {
            throw .malformed("\(what)'s `\(name)` is neither true nor false")
        }
        return value
    }

    /// An integer above zero; `256.0` is one, `256.5` is not.
    package func count(_ name: StaticString) throws(SigningProblem) -> UInt64 {
        guard let value = try member(name).int, value > 0 else {
            throw .malformed("\(what)'s `\(name)` is not a whole number above zero")
        }
        return UInt64(value)
    }

    /// An integer of a range.
    package func whole(_ name: StaticString, in range: ClosedRange<Int>) throws(SigningProblem) -> Int {
        guard let value = try member(name).int, range.contains(value) else {
            throw .malformed(
                "\(what)'s `\(name)` is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// True where the member is there and null.
    package func isNull(_ name: StaticString) throws(SigningProblem) -> Bool { try member(name).isNull }

    /// Canonical base 64: one spelling for one value.
    package func base64(_ name: StaticString) throws(SigningProblem) -> [UInt8] {
        guard let bytes = Base64.decode(try string(name)), !bytes.isEmpty else {
            throw .malformed("\(what)'s `\(name)` is not base 64, or empty")
        }
        return bytes
    }

    /// - Parameters:
    ///   - algorithm: for the message.
    ///   - size: of a digest, in bytes.
    package func digest(
        _ name: StaticString, of algorithm: String, size: Int
    ) throws(SigningProblem) -> [UInt8] {
        guard let bytes = Hex.decode(try string(name)), bytes.count == size else {
            throw .malformed(
                "\(what)'s `\(name)` is not a \(algorithm) digest of \(size * 2) small hexadecimal digits")
        }
        return bytes
    }

    package func sha256(_ name: StaticString) throws(SigningProblem) -> [UInt8] {
        try digest(name, of: "sha256", size: SHA256.byteCount)
    }

    package func elements(_ name: StaticString) throws(SigningProblem) -> JSONView.Elements {
        let value = try member(name)
        guard value.kind == .array else { throw .malformed("\(what)'s `\(name)` is no array") }
        return value.elements
    }
}
