import Encodings
import Ledger
import Testing

@Suite struct NoteTests {
    /// The specification's own example.
    private let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    private let note = """
        This is an example message.

        — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=

        """

    @Test func theSpecificationsExampleVerifies() throws {
        let key = try #require(VerifierKey(vkey))
        #expect(key.vkey == vkey)
        let note = try SignedNote(Array(note.utf8))
        #expect(note.text == "This is an example message.\n")
        #expect(try note.signers(among: [key]) == [key])
        #expect(note.bytes == Array(self.note.utf8))
    }

    @Test func aKeyReadsItsOwnText() throws {
        let key = try #require(SignerKey(name: "holdfast.example/log"))
        let again = try #require(SignerKey(key.text))
        #expect(again.verifier == key.verifier)
        #expect(VerifierKey(key.verifier.vkey) == key.verifier)
        #expect(SignerKey(key.text + "=") == nil)
        #expect(SignerKey(name: "two words") == nil)
        #expect(SignerKey(name: "a+b") == nil)
    }

    /// A change of any byte has the effect that the note is refused, or that its text is one that has no signature.
    @Test func everyFlippedByteIsNoticed() throws {
        let key = try #require(VerifierKey(vkey))
        let bytes = Array(note.utf8)
        for place in bytes.indices {
            for mask in [1, 0x20, 0x80] as [UInt8] {
                var changed = bytes
                changed[place] ^= mask
                let signers = try? SignedNote(changed).signers(among: [key])
                #expect(signers?.isEmpty ?? true, "byte \(place)")
            }
        }
    }

    @Test(arguments: [
        "", "\n", "a\n", "a\n\n", "a\n\n— k AAAAAAA=", "a\n\n— k  AAAAAAA=\n", "a\n\n- k AAAAAAA=\n",
        "a\n\n— k AAAAAAB=\n", "a\n\n— k AAAA\n", "a\r\n\n— k AAAAAAA=\n", "a\n\n— k+ AAAAAAA=\n",
    ])
    func whatIsNoNote(_ text: String) { #expect(throws: LedgerProblem.self) { try SignedNote(Array(text.utf8)) } }

    @Test func base64IsCanonical() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 89 + count) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        for text in ["A", "AA", "AAA", "AB==", "AAB=", "A===", "====", "AA=A", "AAAA=", "AA-_", "AAA\n", "AA==AA=="] {
            #expect(Base64.decode(text) == nil, "\(text)")
        }
        #expect(Base64.encode(Array("foobar".utf8)) == "Zm9vYmFy")
        #expect(Base64.encode(Array("fooba".utf8)) == "Zm9vYmE=")
        #expect(Base64.encode(Array("foob".utf8)) == "Zm9vYg==")
    }

    @Test func aCosignatureHasItsTime() throws {
        let log = try #require(SignerKey(name: "log.example"))
        let witness = try #require(SignerKey(name: "witness.example", kind: .cosignature))
        var note = SignedNote(text: Checkpoint(origin: "log.example", size: 0, root: .empty).text)
        try note.sign(log, time: 0)
        try note.sign(witness, time: 1_679_315_147)
        let again = try SignedNote(note.bytes)
        #expect(again.signatures.last?.time == 1_679_315_147)
        let policy = try LedgerPolicy(
            "log \(log.verifier.vkey)\nwitness w \(witness.verifier.vkey)\ngroup g all w\nquorum g\n")
        let verified = try VerifiedCheckpoint(again, policy: policy)
        #expect(verified.witnesses == [witness.verifier])
        var alone = SignedNote(text: note.text)
        try alone.sign(log, time: 0)
        #expect(throws: LedgerProblem.self) { try VerifiedCheckpoint(alone, policy: policy) }
        // A witness's key is no log's, and the other way round.
        #expect(throws: LedgerProblem.self) { try LedgerPolicy("log \(witness.verifier.vkey)\nquorum none\n") }
    }

    @Test(arguments: [
        "", "quorum w", "quorum none\nquorum none", "log x\nquorum none", "group g any x\nquorum g",
        "what\nquorum none",
        "group none any x\nquorum none",
    ])
    func whatIsNoPolicy(_ text: String) { #expect(throws: LedgerProblem.self) { try LedgerPolicy(text) } }

    @Test func groupsNeedAsManyAsTheySay() throws {
        let log = try #require(SignerKey(name: "log"))
        let witnesses = try (1...3).map { try #require(SignerKey(name: "w\($0)", kind: .cosignature)) }
        var text = "# who\n  log\t\(log.verifier.vkey)  https://log.example\n"
        for (index, key) in witnesses.enumerated() { text += "witness n\(index) \(key.verifier.vkey)\n" }
        let policy = try LedgerPolicy(text + "group g 2 n0 n1 n2\nquorum g\n")
        for signers in [[], [0], [1], [0, 2], [0, 1, 2]] {
            var note = SignedNote(text: Checkpoint(origin: "log", size: 0, root: .empty).text)
            try note.sign(log, time: 0)
            for index in signers { try note.sign(witnesses[index], time: 5) }
            let isAccepted = (try? VerifiedCheckpoint(note, policy: policy)) != nil
            #expect(isAccepted == (signers.count >= 2), "\(signers)")
        }
    }
}
