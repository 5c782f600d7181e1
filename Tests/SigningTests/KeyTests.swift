import Crypto
import Encodings
import Signing
import Testing

@Suite struct KeyTests {
    /// Made with OpenSSL; the hint is the digest of the whole text, as in
    /// `openssl dgst -sha256 k.pub`.
    @Test func aKeysHint() throws {
        let text = """
            -----BEGIN PUBLIC KEY-----
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
            6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
            -----END PUBLIC KEY-----

            """
        let key = try ECPublicKey(pem: text)
        #expect(key.pem == text && key.hint == Hex.encode(SHA256.hash(data: Array(text.utf8))))
        // Another layout of the text is still that key.
        #expect(try ECPublicKey(pem: text.replacing("\n", with: "\r\n")) == key)
    }

    @Test func aPrivateKeyReadsItsOwnText() throws {
        let key = ECPrivateKey()
        #expect(try ECPrivateKey(pem: key.pem).publicKey == key.publicKey)
        for text in ["", "x", key.publicKey.pem, key.pem + key.pem, String(key.pem.dropLast(40))] {
            #expect(throws: SigningProblem.self) { try ECPrivateKey(pem: text) }
        }
    }
}
