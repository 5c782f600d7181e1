import AsyncHTTPClient
import CoreMetrics
import Ledger
import LedgerDisk
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Settings
import Synchronization
import Telemetry

/// Has the ledger's newest checkpoint cosigned by its witnesses, beside
/// everything else: no entry waits for a witness.
final class Cosigning: Service {
    private let sequencer: LedgerSequencer
    private let folder: LedgerFolder
    private let plan: WitnessPlan
    private let rounds: Mutex<WitnessRounds>
    private let delivered = Mutex<SignedNote?>(nil)
    private let group: any EventLoopGroup
    private let logger: Logger
    private let start = ContinuousClock.now

    /// A witness that needs longer is asked again later.
    private static let timeout = TimeAmount.seconds(5)

    /// Nil where the settings name no witness with an address.
    /// - Throws: ``StartupError`` where their policy can't be used.
    init?(
        _ settings: LedgerSettings?, _ ledger: LedgerService, group: any EventLoopGroup, logger: Logger
    ) throws(StartupError) {
        guard let settings else { return nil }
        do throws(LedgerProblem) {
            plan = try WitnessPlan(settings, log: ledger.key)
        } catch {
            throw StartupError(.configuration, "ledger: \(error)")
        }
        guard !plan.witnesses.isEmpty else { return nil }
        sequencer = ledger.sequencer
        folder = LedgerFolder(ledger.publicPath)
        rounds = Mutex(WitnessRounds(plan.policy, witnesses: plan.witnesses.map(\.key)))
        self.group = group
        self.logger = logger
    }

    private var now: Duration { start.duration(to: .now) }

    func run() async throws {
        let client = HTTPClient(
            eventLoopGroup: group,
            configuration: .init(
                redirectConfiguration: .disallow, timeout: .init(connect: Self.timeout, read: Self.timeout)))
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await self.every(.milliseconds(100)) { await self.round(client) } }
                tasks.addTask { await self.every(.milliseconds(100)) { self.watch() } }
            }
        }
        try? await client.shutdown()
    }

    private func every(_ period: Duration, _ work: () async -> Void) async {
        while !Task.isCancelled {
            await work()
            try? await Task.sleep(for: period)
        }
    }

    // MARK: Asking

    private func round(_ client: HTTPClient) async {
        let published = sequencer.published
        guard let checkpoint = try? Checkpoint(text: published.text) else { return }
        let asked = rounds.withLock { $0.begin(published, checkpoint, now: now) }
        guard !asked.isEmpty else { return }
        await withTaskGroup(of: Void.self) { tasks in
            for contact in asked {
                tasks.addTask { await self.ask(contact, published, size: checkpoint.size, client) }
            }
        }
        // What is less than the quorum counts, too.
        deliver()
    }

    private func ask(_ contact: Int, _ note: SignedNote, size: UInt64, _ client: HTTPClient) async {
        let before = rounds.withLock { $0.contacts[contact].trouble }
        var outcome = WitnessContact.Outcome.isKnownNow
        while outcome == .isKnownNow {
            do throws(WitnessContact.Trouble) {
                let old = rounds.withLock { $0.contacts[contact].knownSize }
                let answer = try await send(
                    AddCheckpoint(oldSize: old, proof: try proof(from: old, to: size), checkpoint: note), to: contact,
                    client)
                outcome = rounds.withLock {
                    $0.heard(
                        from: contact, status: Int(answer.status), contentType: answer.type, body: answer.body,
                        now: now)
                }
            } catch {
                // The process ends: that is not the witness's fault.
                guard !Task.isCancelled else { return }
                outcome = rounds.withLock { $0.failed(contact, error, now: now) }
            }
        }
        switch outcome {
        case .isKnownNow: break
        case .cosigned:
            count(contact, "cosigned")
            if before != nil { logger.notice("a witness cosigns again", metadata: metadata(contact)) }
            if rounds.withLock({ $0.isWitnessed }) { deliver() }
        case .failed(let trouble):
            count(contact, "failed")
            if trouble != before { tell(trouble, of: contact) }
        }
    }

    private func proof(from old: UInt64, to size: UInt64) throws(WitnessContact.Trouble) -> [MerkleHash] {
        guard old <= size else { throw .ahead(old) }
        do {
            return try MerkleTree(size: size, TileHashes(size: size) { try self.folder.hashes(of: $0) })
                .consistency(from: old)
        } catch {
            throw .unprovable("\(error)")
        }
    }

    private func send(
        _ request: AddCheckpoint, to contact: Int, _ client: HTTPClient
    ) async throws(WitnessContact.Trouble) -> (status: UInt, type: String?, body: [UInt8]) {
        var post = HTTPClientRequest(url: "\(plan.witnesses[contact].url)/\(AddCheckpoint.path)")
        post.method = .POST
        post.headers.add(name: "content-type", value: "text/plain; charset=utf-8")
        post.body = .bytes(ByteBuffer(bytes: request.bytes))
        do {
            let response = try await client.execute(post, timeout: Self.timeout)
            let body = try await response.body.collect(upTo: AddCheckpoint.mostBytes)
            return (response.status.code, response.headers.first(name: "content-type"), Array(body.readableBytesView))
        } catch {
            throw .unusable("it doesn't answer: \(error)")
        }
    }

    /// Passes the cosigned checkpoint to the sequencer, which writes checkpoints.
    private func deliver() {
        let (note, isWitnessed) = rounds.withLock { ($0.note, $0.isWitnessed) }
        let isNew = delivered.withLock { delivered in
            defer { delivered = note }
            return delivered != note
        }
        guard let note, isNew else { return }
        sequencer.add(cosignaturesOf: note, isWitnessed: isWitnessed)
    }

    // MARK: Telling

    private func watch() {
        guard let size = try? Checkpoint(text: sequencer.published.text).size else { return }
        let change = rounds.withLock { rounds in
            rounds.noticed(size, now: now)
            return rounds.change(now: now)
        }
        switch change {
        case .lost:
            logger.warning(
                "the ledger's newest checkpoint lacks its quorum of witnesses; entries go on",
                metadata: ["witnessed": "\(rounds.withLock { $0.witnessedSize })", "entries": "\(size)"])
        case .recovered: logger.notice("the ledger has its quorum of witnesses again", metadata: ["entries": "\(size)"])
        case nil: break
        }
    }

    private func tell(_ trouble: WitnessContact.Trouble, of contact: Int) {
        var metadata = metadata(contact)
        metadata["problem"] = "\(trouble)"
        logger.log(level: trouble.isGrave ? .error : .warning, "a witness doesn't cosign", metadata: metadata)
    }

    private func metadata(_ contact: Int) -> Logger.Metadata {
        ["witness": "\(plan.witnesses[contact].key.name)", "url": "\(plan.witnesses[contact].url)"]
    }

    private func count(_ contact: Int, _ result: String) {
        Counter(
            label: "holdfast_ledger_witness_requests_total",
            dimensions: [("witness", plan.witnesses[contact].key.name), ("result", result)]
        ).increment()
    }

    func register(in registry: PrometheusRegistry) {
        registry.addGauge("holdfast_ledger_witness_lag_seconds") { [self] in
            let lag = rounds.withLock { $0.lag(now: now) }.components
            return Double(lag.seconds) + Double(lag.attoseconds) * 1e-18
        }
        registry.addGauge("holdfast_ledger_witnessed_entries") { [self] in
            Double(rounds.withLock { $0.witnessedSize })
        }
    }
}
