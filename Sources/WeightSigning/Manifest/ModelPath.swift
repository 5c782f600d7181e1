import Encodings
import Signing

/// A file's place below a model's folder, as its bytes: what looks the same
/// (é as one character or as two) is not the same file.
package struct ModelPath: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// No slash at either end, no empty part, no `.` and no `..`, no NUL;
    /// UTF-8 where it was signed.
    package let bytes: [UInt8]

    static let mostBytes = 4096

    /// - Returns: nil where the bytes name no place below a folder, or name
    ///   it in another way than the shortest.
    package init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, bytes.count <= Self.mostBytes, !bytes.contains(0) else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && Array($0) != [0x2E] && Array($0) != [0x2E, 0x2E] }) else { return nil }
        self.bytes = bytes
    }

    package init?(_ text: some StringProtocol) { self.init(Array(text.utf8)) }

    /// From a name in a statement, which is UTF-8.
    init(signed name: some StringProtocol, _ what: String) throws(SigningProblem) {
        guard let path = ModelPath(name) else {
            throw .malformed(
                "\(what) is \(Printable.quoted(String(name))), which names no file below the model's folder in its one "
                    + "spelling")
        }
        self = path
    }

    package var parts: [ArraySlice<UInt8>] { bytes.split(separator: UInt8(ascii: "/")) }

    /// The text; nil where the bytes aren't UTF-8, and so can't be signed.
    package var text: String? { String(validating: bytes, as: UTF8.self) }

    /// For people, on a terminal.
    package var description: String {
        if let text { return Printable.text(text, most: 400) }
        return bytes.map { (0x20..<0x7F).contains($0) ? String(UnicodeScalar($0)) : "\\x\(Hex.encode([$0]))" }.joined()
    }

    /// Returns whether the path is `other` or below it.
    package func isWithin(_ other: ModelPath) -> Bool {
        bytes == other.bytes || bytes.starts(with: other.bytes + [UInt8(ascii: "/")])
    }

    /// Orders paths by their bytes, which in UTF-8 is the order of the code points. This is the order of the
    /// specification (§5.2.1).
    package static func < (one: ModelPath, other: ModelPath) -> Bool {
        one.bytes.lexicographicallyPrecedes(other.bytes)
    }

    /// Orders paths by their parts, as the reference implementation writes its manifests (`a/b` before `a.txt`).
    static func precedesByParts(_ one: ModelPath, _ other: ModelPath) -> Bool {
        one.parts.lexicographicallyPrecedes(other.parts) { $0.lexicographicallyPrecedes($1) }
    }
}
