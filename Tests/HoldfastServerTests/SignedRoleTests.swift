import Custody
import HoldfastServer
import StorageTesting
import Testing
import WeightFiles
import WeightSigning
import WeightsTesting

@Suite("The role that weights were signed for")
struct SignedRoleTests {
    /// The reason why weights are refused in a role; nil where they are not.
    private func refusal(_ folder: SignedFolder, as role: CustodyRole, hasTerms: Bool = false) async -> String? {
        let manifests = SignedManifests(memory: MemoryStorage(), clock: { SignedFolder.now })
        do throws(CustodyProblem) {
            let expected = try await manifests.expected(
                folder.source("m.gguf"), folder.signed(hasTerms: hasTerms), model: "tiny", role: role)
            return expected.role.rawValue == role.rawValue ? nil : "expected as \(expected.role)"
        } catch { return error.what }
    }

    private func sign(_ folder: SignedFolder, as role: CustodyRole) throws -> SignedModel {
        let signed = try ModelSigner(key: folder.signer).sign(
            try ModelOnDisk(folder.path), named: "model", ignoring: [], as: role)
        try folder.write(signed.bundle.text, beside: "model.sig")
        return signed
    }

    @Test("a manifest without a role is a primary's, and no supervisor's")
    func old() async throws {
        let folder = try SignedFolder()
        #expect(await refusal(folder, as: .primary) == nil)
        #expect(await refusal(folder, as: .supervisor)?.contains("signed as primary and wanted as supervisor") == true)
    }

    @Test("a supervisor's weights are refused as a primary's")
    func supervisor() async throws {
        let folder = try SignedFolder()
        _ = try sign(folder, as: .supervisor)
        #expect(await refusal(folder, as: .supervisor) == nil)
        #expect(await refusal(folder, as: .primary)?.contains("signed as supervisor and wanted as primary") == true)
        #expect(await refusal(folder, as: .adapter) != nil)
    }

    @Test("a primary is signed with the same bytes as ever")
    func samePayload() throws {
        let folder = try SignedFolder()
        let plain = try ModelSigner(key: folder.signer).sign(
            try ModelOnDisk(folder.path), named: "model", ignoring: [])
        let primary = try sign(folder, as: .primary)
        let supervisor = try sign(folder, as: .supervisor)
        #expect(primary.root == plain.root && supervisor.root == plain.root)
        // Signatures differ in what is random in them, payloads don't.
        #expect(primary.bundle.text.utf8.count <= plain.bundle.text.utf8.count + 8)
        #expect(supervisor.bundle.text.utf8.count > primary.bundle.text.utf8.count + 16)
    }

    @Test("custodians and publisher have to mean the same role", arguments: [CustodyRole.primary, .supervisor])
    func custodians(_ stated: CustodyRole) async throws {
        let folder = try SignedFolder()
        _ = try sign(folder, as: .supervisor)
        try folder.state { $0.role = stated }
        let refusal = await refusal(folder, as: .supervisor, hasTerms: true)
        #expect((refusal == nil) == (stated == .supervisor))
    }

}
