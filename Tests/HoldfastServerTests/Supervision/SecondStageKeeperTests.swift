import Conversation
import Foundation
import HoldfastServer
import NIOPosix
import Settings
import Signing
import StorageTesting
import Supervision
import Testing
import WeightSigning
import WeightsTesting

@Suite("The second model in force", .timeLimit(.minutes(1)))
struct SecondStageKeeperTests {
    private let scratch = ScratchFolder()
    private let signers = [ECPrivateKey(), ECPrivateKey()]

    init() throws {
        for (number, signer) in signers.enumerated() {
            try scratch.write(Data(signer.publicKey.pem.utf8), to: "signer-\(number).pub")
            // The same key, as another tool writes it.
            try scratch.write(Data(("\n" + signer.publicKey.pem + "\n").utf8), to: "copy-\(number).pub")
        }
    }

    /// - Parameters:
    ///   - key: of the supervisor.
    ///   - primary: of the model under it.
    private func settings(
        key: String = "signer-0", primary: String = "signer-1", level: String = "required", more: String = ""
    ) throws -> Settings {
        try HoldfastServerTests.settings(
            """
            providers:
              here:
                dialect: engine
                model_file: primary.gguf
                models: [m]
                lab: one
                signed: { keys: \(scratch.path)/\(primary).pub }
            routes:
              talk: { candidates: [{ provider: here, model: m }], supervision: \(level) }
            supervision:
              engine: { model_file: s.gguf, lab: two, signed: { keys: \(scratch.path)/\(key).pub } }
              \(more)
            """)
    }

    private func keeper() -> SecondStageKeeper {
        let custody = CustodyService(
            folder: "/nowhere", memory: MemoryStorage(), scrubs: [:], events: ServerEvents(), logger: LogLines().logger)
        // No engine runs: it waits for ``EngineService/begin()``.
        let engines = EngineService(
            custody: custody, logger: LogLines().logger, group: MultiThreadedEventLoopGroup.singleton, hide: { true })
        return SecondStageKeeper(
            custody: custody, engines: engines, runDirectory: "/nowhere", house: "/nowhere",
            group: MultiThreadedEventLoopGroup.singleton)
    }

    @Test("there is none where nothing is supervised")
    func none() throws {
        #expect(try keeper().prepare(settings(level: "off")).stage == nil)
        #expect(try keeper().prepare(settings()).stage != nil)
        #expect(try keeper().prepare(settings(level: "shadow")).stage != nil)
    }

    @Test("its digest is a part of the policy's")
    func digest() throws {
        let settings = try settings()
        let stage = try #require(try keeper().prepare(settings).stage)
        let policy = try SupervisionService.Policy(settings.supervision, second: stage)
        #expect(policy.digest.weights.contains(stage.digest))
        #expect(policy.digest != (try SupervisionService.Policy(settings.supervision).digest))
        #expect(policy.cascade.hasSecondStage)
    }

    @Test("a key that signs both is found in whatever file it stands, before anything is loaded")
    func sharedKey() throws {
        let shared = try settings(key: "signer-0", primary: "copy-0")
        let problem = #expect(throws: StartupError.self) { try keeper().prepare(shared) }
        #expect(problem?.message.contains("whoever holds it could replace both") == true)
    }

    @Test("an edit of something else leaves the model running")
    func sameEngine() async throws {
        let keeper = keeper()
        keeper.begin(try keeper.prepare(settings()))
        let first = try #require(keeper.stage)
        keeper.begin(try keeper.prepare(settings(more: "waiting: 9")))
        #expect(keeper.stage === first && first.waiting == 9)
        keeper.begin(try keeper.prepare(settings(level: "off")))
        #expect(keeper.stage == nil)
    }

    @Test("an edit that is prepared and not carried out changes nothing")
    func preparedOnly() throws {
        let keeper = keeper()
        keeper.begin(try keeper.prepare(settings()))
        let first = keeper.stage
        let other = try keeper.prepare(settings(key: "copy-0"))
        #expect(other.stage !== first && keeper.stage === first)
        #expect(throws: StartupError.self) { try keeper.prepare(settings(key: "copy-1")) }
        #expect(keeper.stage === first)
    }

    @Test("requests of a model that is replaced are answered, and those of the new one wait for it")
    func replaced() async throws {
        let keeper = keeper()
        let asker = SecondStageAsker(tenant: "t", key: "k", policy: PolicyDigest("p"))
        let terms = SecondStageTerms(patience: .seconds(600))
        let windows = [RankedWindow(.user, "text", place: 0)]
        keeper.begin(try keeper.prepare(settings()))
        let first = try #require(keeper.stage)
        async let waiting = first.scores(of: windows, for: asker, within: terms)
        keeper.begin(try keeper.prepare(settings(key: "copy-0")))
        let second = try #require(keeper.stage)
        #expect(second !== first)
        #expect(await waiting == .failed(.crashed))
        // Its process never starts here; the wait ends with its patience.
        var late = SecondStageResult.failed(.crashed)
        for milliseconds in [1, 2, 4, 8] {
            let short = SecondStageTerms(patience: .milliseconds(milliseconds))
            late = await second.scores(of: windows, for: asker, within: short)
        }
        #expect(late == .failed(.crashed))
        keeper.begin(try keeper.prepare(settings(level: "off")))
    }
}
