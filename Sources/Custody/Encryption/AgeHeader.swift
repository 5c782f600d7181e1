import Crypto

/// The header of an age v1 file (C2SP age): the keys that can open the file, and a MAC over all of the header.
struct AgeHeader {
    static let version = "age-encryption.org/v1"
    /// More than two hundred recipients; the header comes before any MAC.
    static let mostBytes = 64 << 10

    struct Stanza {
        var type: String
        var arguments: [String]
        var body: [UInt8]

        /// The ephemeral public key of an X25519 stanza.
        var share: [UInt8]? {
            guard type == "X25519", arguments.count == 1 else { return nil }
            return StrictBase64.decode(arguments[0]).flatMap { $0.count == 32 ? $0 : nil }
        }
    }

    private(set) var stanzas: [Stanza] = []
    private var authenticated: [UInt8] = []
    private var code: [UInt8] = []

    /// - Parameter line: the next line of the file without its end, nil where
    ///   there is none. It is asked until the header is over.
    init(_ line: () throws(CustodyProblem) -> [UInt8]?) throws(CustodyProblem) {
        func next() throws(CustodyProblem) -> String {
            guard let bytes = try line(), authenticated.count < Self.mostBytes else { throw Self.broken("has no end") }
            guard bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { throw Self.broken("holds a control character") }
            authenticated += bytes + [UInt8(ascii: "\n")]
            return String(decoding: bytes, as: UTF8.self)
        }
        guard try next() == Self.version else { throw Self.broken("is of another version") }
        while true {
            let line = try next()
            if line.hasPrefix("--- ") {
                guard let code = StrictBase64.decode(String(line.dropFirst(4))), code.count == 32, !stanzas.isEmpty
                else { throw Self.broken("has no MAC") }
                self.code = code
                // The MAC covers the three dashes and nothing after them.
                authenticated.removeLast(line.utf8.count + 1 - 3)
                return
            }
            let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            guard words.count >= 2, words[0] == "->", words.allSatisfy({ !$0.isEmpty }) else {
                throw Self.broken("has a line that is none")
            }
            var text = ""
            while true {
                let part = try next()
                guard part.utf8.count <= 64 else { throw Self.broken("has a line that is too long") }
                text += part
                if part.utf8.count < 64 { break }
            }
            guard let body = StrictBase64.decode(text) else { throw Self.broken("has a line that is none") }
            stanzas.append(Stanza(type: words[1], arguments: Array(words.dropFirst(2)), body: body))
        }
    }

    /// The key of the payload, if one of the identities may open the file.
    func fileKey(_ identities: [AgeIdentity], of name: String) throws(CustodyProblem) -> SymmetricKey {
        for stanza in stanzas where stanza.type == "X25519" {
            for identity in identities {
                guard let key = identity.unwrap(stanza) else { continue }
                guard isAuthentic(under: key) else { throw Self.broken("was changed: its MAC is wrong") }
                return key
            }
        }
        let others = Set(stanzas.map(\.type)).subtracting(["X25519"]).sorted()
        throw CustodyProblem(
            .encryption,
            "\(name) was not encrypted to this key"
                + (others.isEmpty || stanzas.contains { $0.type == "X25519" } ? "" : ", nor to any X25519 key"),
            remedy: "give the key of one of its recipients, or encrypt it anew: age -r RECIPIENT")
    }

    private func isAuthentic(under key: SymmetricKey) -> Bool {
        let authentication = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, info: Array("header".utf8), outputByteCount: 32)
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: authenticated, using: authentication)
    }

    static func broken(_ what: String) -> CustodyProblem {
        CustodyProblem(.encryption, "the age header \(what)", remedy: "encrypt the file anew")
    }
}

/// Base64 without padding (RFC 4648, section 4), one text for each value.
enum StrictBase64 {
    static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var held: UInt32 = 0
        var bits = 0
        for letter in text.utf8 {
            let value: UInt8
            switch letter {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = letter - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = letter - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = letter - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            default: return nil
            }
            held = held << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: held >> UInt32(bits)))
                held &= (1 << UInt32(bits)) - 1
            }
        }
        return bits < 6 && held == 0 ? bytes : nil
    }
}
