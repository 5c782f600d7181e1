import Encodings
import Signing
import Testing

@Suite struct SignedEnvelopeTests {
    private static let keys = (0..<3).map { _ in ECPrivateKey() }
    private static let all = keys.map(\.publicKey)
    private let payload = Array("{}".utf8)

    private func envelope(_ signatures: [(keyID: String?, bytes: [UInt8])]) throws -> SignedEnvelope {
        let list = signatures.map { signature in
            let name = signature.keyID.map { #","keyid":"\#($0)""# } ?? ""
            return #"{"sig":"\#(Base64.encode(signature.bytes))"\#(name)}"#
        }
        let text =
            #"{"payload":"\#(Base64.encode(payload))","payloadType":"\#(SignedEnvelope.payloadType)","#
            + #""signatures":[\#(list.joined(separator: ","))]}"#
        return try SignedEnvelope(Array(text.utf8), "the statement", most: 10_000)
    }

    private func signature(_ key: Int) throws -> [UInt8] {
        try Self.keys[key].signature(for: SignedEnvelope.preAuthEncoding(payload))
    }

    private func refusal(_ envelope: SignedEnvelope, _ threshold: Int, _ use: SignedEnvelope.KeyIDs) -> String {
        do throws(SigningProblem) {
            _ = try envelope.verified(by: Self.all, threshold: threshold, keyIDs: use)
            return ""
        } catch {
            return error.what
        }
    }

    @Test func whatIsWrittenIsRead() throws {
        let written = try SignedEnvelope(signing: payload, with: [Self.keys[0], Self.keys[1]])
        let read = try SignedEnvelope(Array(written.text.utf8), "the statement", most: 10_000)
        let verified = try read.verified(by: Self.all, threshold: 2, keyIDs: .required)
        #expect(verified.bytes == payload && verified.signers == Array(Self.all[..<2]))
        #expect(throws: SigningProblem.self) { try SignedEnvelope(Array(written.text.utf8), "it", most: 100) }
    }

    /// A signer that isn't Holdfast names its key in its own way, or not at all.
    @Test(arguments: [nil, "", "strange"]) func aKeyThatIsNotNamed(_ keyID: String?) throws {
        let one = try envelope([(keyID, signature(2))])
        #expect(try one.verified(by: Self.all, threshold: 1, keyIDs: .hints).signers == [Self.all[2]])
        #expect(refusal(one, 1, .required).contains("not among yours"))
        let twice = try envelope([(keyID, signature(2)), (Self.all[2].hint, signature(2))])
        #expect(refusal(twice, 1, .hints).contains("signed twice"))
        let stranger = ECPrivateKey()
        let foreign = try envelope([(keyID, stranger.signature(for: SignedEnvelope.preAuthEncoding(payload)))])
        #expect(refusal(foreign, 1, .hints).contains("not among yours"))
    }

    @Test(arguments: [SignedEnvelope.KeyIDs.hints, .required])
    func oneSignatureThatDoesNotHoldRefusesAll(_ use: SignedEnvelope.KeyIDs) throws {
        let named = Self.all.map(\.hint)
        let bad = try envelope([(named[0], signature(0)), (named[1], signature(2))])
        #expect(refusal(bad, 1, use).contains("doesn't hold"))
        let few = try envelope([(named[0], signature(0))])
        #expect(refusal(few, 2, use).contains("1 of the 2"))
    }

    @Test func signaturesWithoutANameAreJoined() throws {
        let joined = try envelope([(nil, signature(0))]).joined(with: try envelope([(nil, signature(1))]))
        #expect(joined.signatures.count == 2)
        #expect(try joined.verified(by: Self.all, threshold: 2, keyIDs: .hints).signers == Array(Self.all[..<2]))
        #expect(try joined.joined(with: joined).signatures.count == 2)
    }
}
