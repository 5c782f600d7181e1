import Seeded
import Signing
import Testing
import WeightSigning
import WeightsTesting

@Suite struct BundleTests {
    private let key = ECPrivateKey()

    private var trust: ModelTrust { .keys([key.publicKey]) }

    @Test func whatWasSignedIsWhatIsRead() async throws {
        let signed = try ModelSigner(key: key).sign(MemoryModel.small, named: "m", ignoring: [])
        let bundle = try SignatureBundle(signed.bundle.text)
        let manifest = try ModelManifest(try await bundle.verified(by: trust, at: 0))
        #expect(manifest.name == "m" && manifest.root == signed.root && manifest.signers == [key.publicKey])
        #expect(manifest.files.map(\.path.text) == ["a", "d/b", "d/c"])
        #expect(try ModelComparison(manifest, MemoryModel.small, own: []).holds)
    }

    /// A bundle that is changed in any way is never verified, and never causes a trap.
    @Test func aBundleByAKeyUnderMutation() async throws {
        let good = try ModelSigner(key: key).sign(MemoryModel.small, named: "m", ignoring: []).bundle.text
        let payload = try await SignatureBundle(good).verified(by: trust, at: 0)
        try await mutate(Array(good.utf8), trust, at: 0, payload)
    }

    /// Certificates that ride along are part of what must hold, too.
    @Test func aBundleByCertificatesUnderMutation() async throws {
        let authority = try Authority()
        let good = try authority.signer.sign(MemoryModel.small, named: "m", ignoring: []).bundle.text
        let trust = ModelTrust.roots(authority.roots)
        let payload = try await SignatureBundle(good).verified(by: trust, at: Authority.now)
        #expect(payload.signers == [authority.signerKey])
        await #expect(throws: SigningProblem.self) {
            try await SignatureBundle(good).verified(by: trust, at: 1_700_000_000)
        }
        await #expect(throws: SigningProblem.self) {
            try await SignatureBundle(good).verified(by: trust, at: 1_900_000_000)
        }
        await #expect(throws: SigningProblem.self) {
            try await SignatureBundle(good).verified(by: .roots(try Authority().roots), at: Authority.now)
        }
        try await mutate(Array(good.utf8), trust, at: Authority.now, payload)
    }

    /// A mutated bundle that still verifies contains the bytes that were signed.
    @Test func bundlesMutatedForAWhile() async throws {
        let authority = try Authority()
        let samples = try [ModelSigner(key: key), authority.signer].map {
            Array(try $0.sign(MemoryModel.small, named: "m", ignoring: []).bundle.text.utf8)
        }
        let trusts = [trust, .roots(authority.roots)]
        var payloads: [VerifiedPayload] = []
        for (sample, trust) in zip(samples, trusts) {
            payloads.append(try await SignatureBundle(sample).verified(by: trust, at: Authority.now))
        }
        try await ByteFuzzing("bundles", from: samples).run(share: 0.1) { bytes in
            guard let bundle = try? SignatureBundle(bytes) else { return }
            for trust in trusts {
                guard let payload = try? await bundle.verified(by: trust, at: Authority.now) else { continue }
                guard payloads.contains(payload) else { throw ByteFuzzing.Fault(description: "it verifies") }
                _ = try ModelManifest(payload)
            }
        }
    }

    private func mutate(
        _ good: [UInt8], _ trust: ModelTrust, at now: Int64, _ payload: VerifiedPayload
    ) async throws {
        var chance = SplitMix(seed: 11)
        for place in good.indices {
            for bit in [UInt8(1) << UInt8.random(in: 0...7, using: &chance), 0x20, 0x80] {
                var bad = good
                bad[place] ^= bit
                await #expect(!verifies(bad, trust, now), "byte \(place), bit \(bit), seed 11")
            }
            var shorter = good
            shorter.remove(at: place)
            await #expect(!verifies(shorter, trust, now), "without byte \(place)")
        }
        for _ in 0..<2000 {
            var bad = good
            let place = Int.random(in: 0...bad.count, using: &chance)
            bad.insert(UInt8.random(in: 0...255, using: &chance), at: place)
            // A space between members says nothing: what is read is the same.
            let read = try? await SignatureBundle(bad).verified(by: trust, at: now)
            #expect(read == nil || read == payload, "one more byte at \(place), seed 11")
        }
        for end in stride(from: 0, to: good.count, by: 7) {
            await #expect(!verifies(Array(good[..<end]), trust, now), "\(end) bytes")
        }
    }

    private func verifies(_ bytes: [UInt8], _ trust: ModelTrust, _ now: Int64) async -> Bool {
        (try? await SignatureBundle(bytes).verified(by: trust, at: now)) != nil
    }
}
