import Encodings
import Seeded
import Signing
import Testing
import WeightSigning
import WeightsTesting

/// Tests of the readers of signed content. A mutated bundle never gets to them, since its signature is no longer valid,
/// so everything here has a valid signature.
@Suite struct PayloadFuzzTests {
    private let key = ECPrivateKey()

    private func signed(_ payload: [UInt8]) throws -> VerifiedPayload {
        try SignedEnvelope(signing: payload, with: [key]).verified(by: key.publicKey)
    }

    @Test func statementsMutatedForAWhile() async throws {
        let bundle = try ModelSigner(key: key).sign(MemoryModel.small, named: "m", ignoring: []).bundle
        let files = try await bundle.verified(by: .keys([key.publicKey]), at: 0).bytes
        let samples = [files, shards]
        for sample in samples { _ = try ModelManifest(try signed(sample)) }
        try await ByteFuzzing("statements", from: samples).run(share: 0.06) { bytes in
            let payload = try signed(bytes)
            let manifest: ModelManifest
            do throws(SigningProblem) { manifest = try ModelManifest(payload) } catch { return }
            guard !manifest.files.isEmpty, Set(manifest.files.map(\.path)).count == manifest.files.count,
                manifest.root.count == DigestAlgorithm.sha256.size
            else { throw ByteFuzzing.Fault(description: "a manifest of no files, or of one twice") }
            for file in manifest.files {
                let ends = file.pieces.dropLast().map(\.end)
                guard !file.pieces.isEmpty, ends.allSatisfy({ $0 != nil }), ModelPath(file.path.bytes) != nil,
                    zip(ends, ends.dropFirst()).allSatisfy({ $0 ?? 0 < $1 ?? 0 })
                else { throw ByteFuzzing.Fault(description: "\(file.path)'s pieces") }
            }
        }
    }

    @Test func termsMutatedForAWhile() async throws {
        let digest = Array(repeating: 7 as UInt8, count: 32)
        let terms = CustodyTerms(
            model: "m", root: digest, role: .supervisor, epoch: 5, notAfter: 2000,
            mappings: [.init(name: "a", digest: digest), .init(name: "b", digest: digest)], chatTemplate: digest,
            egressBitsPerDay: 1 << 40)
        let sample = try terms.payload
        #expect(try CustodyTerms(try signed(sample)) == terms)
        try await ByteFuzzing("custody terms", from: [sample]).run(share: 0.04) { bytes in
            let payload = try signed(bytes)
            let terms: CustodyTerms
            do throws(SigningProblem) { terms = try CustodyTerms(payload) } catch { return }
            let digests = [terms.root] + terms.mappings.map(\.digest) + (terms.chatTemplate.map { [$0] } ?? [])
            guard !terms.model.isEmpty, terms.epoch > 0, terms.notAfter > 0, terms.egressBitsPerDay > 0,
                digests.allSatisfy({ $0.count == 32 })
            else { throw ByteFuzzing.Fault(description: "terms that are not whole") }
        }
    }

    /// A manifest of two files, of which the second is one and a half shards long.
    private var shards: [UInt8] {
        let digest = Array(repeating: 0x11 as UInt8, count: 32)
        let resources = ["a:0:256", "b:0:256", "b:256:300"].map {
            #"{"name":"\#($0)","algorithm":"sha256-sharded-256","digest":"\#(Hex.encode(digest))"}"#
        }
        let root = Hex.encode(StreamingDigest.sha256(digest + digest + digest))
        let serialization =
            #"{"method":"shards","hash_type":"sha256","shard_size":256,"allow_symlinks":false,"ignore_paths":[]}"#
        let subject = #"[{"name":"m","digest":{"sha256":"\#(root)"}}]"#
        let predicate = #"{"resources":[\#(resources.joined(separator: ","))],"serialization":\#(serialization)}"#
        return Array(
            (#"{"_type":"https://in-toto.io/Statement/v1","subject":\#(subject),"#
                + #""predicateType":"https://model_signing/signature/v1.0","predicate":\#(predicate)}"#).utf8)
    }
}
