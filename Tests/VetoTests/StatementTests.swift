import Encodings
import Seeded
import Signing
import Testing
import Veto

@Suite struct StatementTests {
    private static let installation = VetoPeople.installation
    private static let nonce = "000102030405060708090a0b0c0d0e0f"
    private static let key = VetoPeople.key("bob")

    static let suspension = Suspension(
        number: 12, scopes: [.model("openai/gpt-4o"), .route("assistant")], mode: .drain, drainLimit: 20,
        mayContinue: false,
        reason: SuspensionReason(
            .legal, basis: "a recall", text: "Das Modell \"X\" ist zurückgerufen", evidence: "T-1"),
        orderer: .person("alice"), ordered: 1_800_000_000, expires: 1_800_003_600, roster: 3,
        nonce: nonce)

    static let decisions: [VetoStatement.Decision] = {
        let target = VetoTarget(suspension)
        var other = suspension
        other.nonce = String(nonce.reversed())
        other.reason = SuspensionReason(.cost, text: "-", isPublic: true)
        other.expires = nil
        let rosters = try? VetoPeople.founding().next(
            threshold: 2, people: [VetoPeople.person("alice"), VetoPeople.person("heidi")], recovery: nil)
        let founding = (try? VetoPeople.founding()).map { [VetoStatement.Decision.found($0)] } ?? []
        let roster = founding + (rosters.map { [VetoStatement.Decision.roster($0), .replace($0)] } ?? [])
        return [
            .order([suspension]), .order([suspension, other]), .ratify(target),
            .restore(target, RestoreConditions(attempt: 2, modelMayDiffer: true)),
            .shorten(target, expires: 1_800_000_600),
            .cancel(version: 4, digest: Array(repeating: 0xAB, count: 32)),
        ] + roster
    }()

    static func statement(_ decision: VetoStatement.Decision) -> VetoStatement {
        let roster =
            switch decision {
            case .found(let next), .roster(let next), .replace(let next): next.version - 1
            default: 3
            }
        return VetoStatement(
            installation: installation, roster: roster, notAfter: 1_800_086_400, nonce: nonce, decision: decision)
    }

    /// Reads bytes as though they had been signed.
    private func read(_ payload: [UInt8]) throws -> VetoStatement {
        let signature = try Self.key.signature(for: SignedEnvelope.preAuthEncoding(payload))
        let envelope = try SignedStatement(payload: payload, signature: signature, key: nil)
        return try SignedStatement(Array(envelope.text.utf8)).verified(by: [Self.key.publicKey]).statement
    }

    private func withoutNumbers(_ statement: VetoStatement) -> VetoStatement {
        var copy = statement
        if case .order(let suspensions) = statement.decision {
            copy.decision = .order(
                suspensions.map {
                    var suspension = $0
                    suspension.number = 0
                    return suspension
                })
        }
        return copy
    }

    // MARK: The record

    @Test func aRecordHasOneText() throws {
        let text =
            #"{"_type":"https://holdfast/veto/suspension/v1","scopes":["model:openai/gpt-4o","route:assistant"],"#
            + #""mode":"drain","drain_limit":20,"may_continue":false,"reason":{"code":"legal","basis":"a recall","#
            + #""text":"Das Modell \"X\" ist zurückgerufen","evidence":"T-1","public":false},"#
            + #""orderer":"person:alice","ordered":1800000000,"expires":1800003600,"roster":3,"returns":"people","#
            + #""nonce":"000102030405060708090a0b0c0d0e0f"}"#
        #expect(String(decoding: Self.suspension.record, as: UTF8.self) == text)
        #expect(try Suspension(record: Array(text.utf8), number: 12) == Self.suspension)
        // The number is no part of it.
        var other = Self.suspension
        other.number = 99
        #expect(other.digest == Self.suspension.digest)
        for spelling in [
            text + " ", text.replacing("20,", with: "20.0,"), text.replacing("drain\"", with: "stop\""),
            text.replacing("\"expires\":1800003600,", with: ""), text.replacing("1800003600", with: "1800000000"),
            text.replacing("assistant", with: "assis tant"), text.replacing("legal", with: "cost"),
            text.replacing("a recall", with: "a\\nrecall"), text.replacing("person:", with: ""),
            text.replacing("person:alice", with: "person:Alice"), text.replacing("people\"", with: "by-itself\""),
            text.replacing("0e0f", with: "0E0F"), text.replacing("route:assistant", with: "model:openai/gpt-4o"),
            text.replacing("\"roster\":3", with: "\"roster\":0"), text.replacing("ordered\":18", with: "ordered\":-18"),
            text.replacing("1800003600", with: "99999999999999999999"),
        ] {
            #expect(throws: VetoRefusal.self, "\(spelling)") {
                try Suspension(record: Array(spelling.utf8), number: 12)
            }
        }
    }

    // MARK: Statements

    @Test(arguments: decisions) func aStatementIsReadAsItIsWritten(_ decision: VetoStatement.Decision) throws {
        let statement = Self.statement(decision)
        let payload = try statement.payload
        #expect(try read(payload) == withoutNumbers(statement))
        #expect(try read(payload).payload == payload)
        #expect(try statement.preAuthEncoding == SignedEnvelope.preAuthEncoding(payload))
    }

    @Test func theTextOfAnApproval() throws {
        let statement = Self.statement(Self.decisions[3])
        let text =
            #"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"S12","digest":{"sha256":""#
            + Hex.encode(Self.suspension.digest)
            + #""}}],"predicateType":"https://holdfast/veto/v1.0","predicate":{"installation":""# + Self.installation
            + #"","roster":3,"number":12,"scopes":["model:openai/gpt-4o","route:assistant"],"#
            + #""conditions":{"attempt":2,"model_may_differ":true},"decision":"restore","not_after":1800086400,"#
            + #""nonce":"000102030405060708090a0b0c0d0e0f"}}"#
        #expect(try String(decoding: statement.payload, as: UTF8.self) == text)
    }

    /// The order of members and white space say nothing; everything else does.
    @Test func aStatementThatSaysSomethingElse() throws {
        let text = try String(decoding: Self.statement(Self.decisions[3]).payload, as: UTF8.self)
        #expect(try read(Array(text.replacing(",", with: ", ").utf8)) == Self.statement(Self.decisions[3]))
        for changed in [
            text.replacing("Statement/v1", with: "Statement/v0.1"), text.replacing("veto/v1.0", with: "veto/v1.1"),
            text.replacing("holdfast/veto", with: "holdfast/custody"), text.replacing("\"restore\"", with: "\"free\""),
            text.replacing("\"restore\"", with: "\"ratify\""), text.replacing("\"nonce\"", with: "\"and\":1,\"nonce\""),
            text.replacing("\"roster\":3,", with: ""), text.replacing("\"roster\":3", with: "\"roster\":\"3\""),
            text.replacing("\"roster\":3", with: "\"roster\":3,\"roster\":3"),
            text.replacing("\"number\":12", with: "\"number\":13"), text.replacing("\"S12\"", with: "\"S13\""),
            text.replacing("\"S12\"", with: "\"s12\""), text.replacing("\"number\":12", with: "\"number\":0"),
            text.replacing("\"attempt\":2,", with: ""), text.replacing("\"attempt\":2", with: "\"attempt\":0"),
            text.replacing("true", with: "1"), text.replacing("1800086400", with: "0"),
            text.replacing("1800086400", with: "1e30"), text.replacing("0e0f\"", with: "0e\""),
            text.replacing("[\"model:openai/gpt-4o\",\"route:assistant\"]", with: "[]"),
            text.replacing("route:assistant", with: "planet:earth"), text.replacing(Self.installation, with: "x"),
            text.replacing("}}],", with: "}},{\"name\":\"S1\",\"digest\":{}}],"), text + "{}", "", "null", "[]",
        ] {
            #expect(throws: VetoRefusal.self, "\(changed)") { try read(Array(changed.utf8)) }
        }
    }

    @Test func anOrderWhoseRecordIsNotItsSubject() throws {
        let text = try String(decoding: Self.statement(Self.decisions[0]).payload, as: UTF8.self)
        #expect(throws: VetoRefusal.wrongDigest("order")) {
            try read(Array(text.replacing("route:assistant", with: "route:another").utf8))
        }
        let roster = try String(decoding: Self.statement(try #require(Self.decisions.last)).payload, as: UTF8.self)
        #expect(throws: VetoRefusal.wrongDigest("roster-2")) {
            try read(Array(roster.replacing("\"name\":\"alice\"", with: "\"name\":\"albert\"").utf8))
        }
    }

    @Test func statementsThatCouldNotBeReadAreNotWritten() throws {
        let good = Self.statement(Self.decisions[3])
        let spoilers: [(inout VetoStatement) -> Void] = [
            { $0.installation = "x" }, { $0.roster = 0 }, { $0.roster = 10_000 }, { $0.notAfter = 0 },
            { $0.notAfter = .max }, { $0.nonce = "" }, { $0.decision = .order([]) },
            { $0.decision = .order(Array(repeating: Self.suspension, count: 2)) },
            { $0.decision = .cancel(version: 3, digest: Array(repeating: 0, count: 32)) },
            { $0.decision = .cancel(version: 4, digest: []) },
            { $0.decision = .shorten(VetoTarget(Self.suspension), expires: -1) },
            { $0.decision = .ratify(VetoTarget(number: 1, digest: [], scopes: [])) },
            { $0.decision = .restore(VetoTarget(Self.suspension), RestoreConditions(attempt: 0)) },
            {
                $0.decision = .order([Self.suspension])
                $0.notAfter = Self.suspension.ordered + VetoStatement.longest + 1
            },
            {
                $0.decision = .order([Self.suspension])
                $0.roster = 2
            },
        ]
        for (index, spoil) in spoilers.enumerated() {
            var bad = good
            spoil(&bad)
            #expect(throws: VetoRefusal.self, "spoiler \(index)") { try bad.payload }
        }
    }

    /// Bytes that were signed are read, or refused, and what is read can be
    /// written again: none make the reader trap.
    @Test func statementsMutatedForAWhile() async throws {
        let samples = try Self.decisions.map { try Self.statement($0).payload }
        try await ByteFuzzing("veto statements", from: samples).run(share: 0.1) { bytes in
            let statement: VetoStatement
            do { statement = try read(bytes) } catch is VetoRefusal { return }
            guard try read(statement.payload) == withoutNumbers(statement) else {
                throw ByteFuzzing.Fault(description: "another statement")
            }
        }
    }

    /// No changed envelope counts, unless it says the same.
    @Test func envelopesMutatedForAWhile() async throws {
        let keys = [Self.key, VetoPeople.key("alice")]
        let samples = try Self.decisions.map {
            Array(try SignedStatement(signing: Self.statement($0), with: keys).text.utf8)
        }
        let known = try Self.decisions.map { withoutNumbers(Self.statement($0)) }
        try await ByteFuzzing("veto envelopes", from: samples).run(share: 0.1) { bytes in
            guard let envelope = try? SignedStatement(bytes),
                let verified = try? envelope.verified(by: keys.map(\.publicKey))
            else { return }
            guard known.contains(verified.statement) else { throw ByteFuzzing.Fault(description: "it verifies") }
        }
    }

    @Test func rostersMutatedForAWhile() async throws {
        let sample = try VetoPeople.founding().canonical
        try await ByteFuzzing("rosters", from: [sample]).run(share: 0.05) { bytes in
            guard let roster = try? Roster(bytes) else { return }
            guard roster.canonical == bytes else { throw ByteFuzzing.Fault(description: "two spellings") }
        }
    }

    @Test func aKeyOnP384() throws {
        let key = VetoPeople.key("heidi")
        #expect(key.publicKey.curveName == "P-384")
        let signed = try SignedStatement(signing: Self.statement(Self.decisions[3]), with: [key, Self.key])
        #expect(
            try signed.verified(by: [Self.key.publicKey, key.publicKey]).signers == [key.publicKey, Self.key.publicKey])
        #expect(throws: VetoRefusal.self) { try signed.verified(by: [key.publicKey]) }
    }

    @Test func signaturesOfSeveralAreJoined() throws {
        let statement = Self.statement(Self.decisions[3])
        let one = try SignedStatement(signing: statement, with: [Self.key])
        let two = try SignedStatement(signing: statement, with: [VetoPeople.key("alice")])
        let both = try one.joined(with: two)
        #expect(both.signatures == 2)
        let keys = [Self.key.publicKey, VetoPeople.key("alice").publicKey]
        #expect(try both.verified(by: keys).signers == keys)
        let other = try SignedStatement(signing: Self.statement(Self.decisions[2]), with: [Self.key])
        #expect(throws: VetoRefusal.self) { try one.joined(with: other) }
    }
}
