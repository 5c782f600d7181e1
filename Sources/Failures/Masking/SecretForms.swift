import Encodings

/// The spellings by which a secret can be told.
enum SecretForms {
    /// In bytes. What is shorter guards nothing.
    static let shortest = 8

    /// The secret itself, what it consists of, and both in base 64 and 16.
    static func forms(of secret: String) -> [[UInt8]] {
        parts(of: secret).flatMap { part -> [[UInt8]] in
            let bytes = Array(part.utf8)
            return [bytes, Array(Hex.encode(bytes).utf8)] + base64(bytes)
        }
    }

    /// `Bearer TOKEN` tells its token, `user:password` its password, and
    /// `Basic …` both.
    private static func parts(of secret: String) -> Set<String> {
        let whole = secret.trimmed
        var parts: Set<String> = [whole]
        if let space = whole.firstIndex(of: " ") {
            let credential = String(whole[whole.index(after: space)...]).trimmed
            parts.insert(credential)
            if whole[..<space].lowercased() == "basic", let decoded = Base64.decode(credential) {
                parts.formUnion(password(String(decoding: decoded, as: UTF8.self)))
            }
        } else {
            parts.formUnion(password(whole))
        }
        return parts.filter { $0.utf8.count >= shortest }
    }

    private static func password(_ pair: String) -> [String] {
        guard let colon = pair.firstIndex(of: ":") else { return [pair] }
        return [pair, String(pair[pair.index(after: colon)...])]
    }

    /// Returns the pieces of base 64 that occur in the encoding of every text
    /// with the secret in it: one for each position that the secret can have in
    /// a group of three bytes, without the digits that also depend on the bytes
    /// beside it.
    private static func base64(_ bytes: [UInt8]) -> [[UInt8]] {
        (0..<3).map { before in
            let padded = [UInt8](repeating: 0, count: before) + bytes
            let digits = Array(Base64.encode(padded).utf8)
            let first = (before * 8 + 5) / 6
            let end = padded.count * 8 / 6
            return Array(digits[first..<end])
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = Substring(self)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
