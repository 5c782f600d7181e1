import Encodings
import Seeded
import Signing
import Testing
import WeightSigning

@Suite struct CustodyTests {
    private let keys = (0..<3).map { _ in ECPrivateKey() }

    private var custodians: CustodyKeys {
        get throws { try CustodyKeys(keys.map(\.publicKey)) }
    }

    private func terms(_ change: (inout CustodyTerms) -> Void = { _ in }) -> CustodyTerms {
        var terms = CustodyTerms(
            model: "m", root: Array(repeating: 1, count: 32), role: .primary, epoch: 5, notAfter: 2000,
            mappings: [
                .init(name: "z", digest: Array(repeating: 2, count: 32)),
                .init(name: "a", digest: Array(repeating: 3, count: 32)),
            ], chatTemplate: Array(repeating: 4, count: 32), egressBitsPerDay: 1 << 40)
        change(&terms)
        return terms
    }

    private func demand(_ change: (inout CustodyDemand) -> Void = { _ in }) -> CustodyDemand {
        var demand = CustodyDemand(
            model: "m", role: .primary, root: Array(repeating: 1, count: 32), now: 1000, remembered: nil)
        change(&demand)
        return demand
    }

    private func grant(
        _ terms: CustodyTerms, _ demand: CustodyDemand
    ) throws -> CustodyGrant {
        let text = try CustodyStatement(signing: terms, with: Array(keys[..<2])).text
        return try CustodyStatement(Array(text.utf8)).granted(demand, by: try custodians)
    }

    private func refusal(_ terms: CustodyTerms, _ demand: CustodyDemand) -> String {
        let refusal = #expect(throws: SigningProblem.self) { try grant(terms, demand) }
        return refusal?.description ?? ""
    }

    @Test func theTermsComeBack() throws {
        for template in [nil, Array(repeating: 4, count: 32) as [UInt8]] {
            for role in CustodyRole.allCases {
                let terms = terms {
                    $0.chatTemplate = template
                    $0.role = role
                }
                let grant = try grant(terms, demand { $0.role = role })
                #expect(grant.terms == terms && grant.epoch.number == 5)
                #expect(grant.signers == keys[..<2].map(\.publicKey))
                #expect(grant.terms.mappings.map(\.name) == ["a", "z"])
            }
        }
    }

    @Test func whatItIsWantedForMustBeWhatItIsSignedFor() {
        for wanted in CustodyRole.allCases {
            for signed in CustodyRole.allCases where signed != wanted {
                #expect(refusal(terms { $0.role = signed }, demand { $0.role = wanted }).contains("wanted as"))
            }
        }
        #expect(refusal(terms(), demand { $0.model = "n" }).contains("another model"))
        #expect(refusal(terms { $0.model = "e\u{301}" }, demand { $0.model = "\u{e9}" }).contains("another model"))
        #expect(refusal(terms(), demand { $0.root[0] = 9 }).contains("other files"))
        #expect(refusal(terms(), demand { $0.now = 2001 }).contains("run out"))
    }

    @Test func anEpochNeverGoesBack() throws {
        let granted = try grant(terms(), demand { $0.now = 2000 }).epoch
        #expect(try grant(terms(), demand { $0.remembered = granted }).epoch == granted)
        #expect(try grant(terms { $0.epoch = 6 }, demand { $0.remembered = granted }).epoch.number == 6)
        #expect(refusal(terms { $0.epoch = 4 }, demand { $0.remembered = granted }).contains("5 was in force already"))
        #expect(
            refusal(terms { $0.egressBitsPerDay = 1 }, demand { $0.remembered = granted })
                .contains("another custody statement of epoch 5"))
    }

    @Test func nobodyActsAlone() throws {
        let one = try CustodyStatement(signing: terms(), with: [keys[0]])
        #expect(throws: SigningProblem.self) { try one.granted(demand(), by: try custodians) }
        // The same key's two signatures differ, and are still one opinion.
        let twice = try CustodyStatement(signing: terms(), with: [keys[0], keys[0]])
        #expect(throws: SigningProblem.self) { try twice.granted(demand(), by: try custodians) }
        let stranger = try CustodyStatement(signing: terms(), with: [keys[0], keys[1], ECPrivateKey()])
        #expect(throws: SigningProblem.self) { try stranger.granted(demand(), by: try custodians) }
        let two = try one.joined(with: try CustodyStatement(signing: terms(), with: [keys[1]]))
        #expect(try two.granted(demand(), by: try custodians).signers.count == 2)
        #expect(throws: SigningProblem.self) {
            try two.joined(with: try CustodyStatement(signing: terms { $0.epoch = 6 }, with: [keys[2]]))
        }
        let publicKeys = keys.map(\.publicKey)
        #expect(throws: SigningProblem.self) { try CustodyKeys([publicKeys[0], publicKeys[0]]) }
        #expect(throws: SigningProblem.self) { try CustodyKeys([publicKeys[0]]) }
        #expect(throws: SigningProblem.self) { try CustodyKeys(publicKeys, threshold: 1) }
        #expect(throws: SigningProblem.self) { try CustodyKeys(publicKeys, threshold: 4) }
    }

    @Test func termsThatCouldNotBeReadAreNotSigned() {
        let spoilers: [(inout CustodyTerms) -> Void] = [
            { $0.epoch = 0 }, { $0.epoch = .max }, { $0.model = "" }, { $0.notAfter = 0 }, { $0.egressBitsPerDay = 0 },
            { $0.root = [] }, { $0.mappings[0].name = $0.mappings[1].name },
        ]
        for spoil in spoilers {
            #expect(throws: SigningProblem.self) { try CustodyStatement(signing: terms(spoil), with: keys) }
        }
    }

    @Test func aStatementUnderMutation() throws {
        let good = Array(try CustodyStatement(signing: terms(), with: keys).text.utf8)
        let keys = try custodians
        let demand = demand()
        var chance = SplitMix(seed: 17)
        for place in good.indices {
            for bit in [UInt8(1) << UInt8.random(in: 0...7, using: &chance), 0x20, 0x80] {
                var bad = good
                bad[place] ^= bit
                let grant = try? CustodyStatement(bad).granted(demand, by: keys)
                #expect(grant == nil, "byte \(place), bit \(bit), seed 17")
            }
        }
    }
}
