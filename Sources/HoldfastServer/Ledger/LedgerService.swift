import Availability
import Encodings
import Conversation
import Crypto
import Dispatch
import Drills
import EngineHost
import Files
import FoundationEssentials
import Gateway
import Glibc
import Ledger
import LedgerDisk
import Logging
import NIOCore
import Resilience
import Settings
import Storage
import Synchronization

/// The ledger of a running Holdfast.
final class LedgerService: Notary, ServerEventSubscriber {
    private let settings: LedgerSettings
    let sequencer: LedgerSequencer
    private let salter: Salter
    private let logger: Logger
    /// The log's public key.
    let key: VerifierKey
    let publicPath: String

    private let heads: DurableWriter<String, StoredLedgerHead>

    /// - Throws: ``StartupError`` where the ledger isn't the one it was: it may
    ///   have been rolled back, swapped or damaged, and a person must look.
    init(_ settings: LedgerSettings, heads: any LedgerHeads, logger: Logger) async throws(StartupError) {
        self.settings = settings
        self.logger = logger
        let writer = DurableWriter<String, StoredLedgerHead>(
            "newest checkpoints, without which a roll-back to before them goes unnoticed,", logger: logger
        ) { writes throws(StorageError) in
            for (origin, head) in writes { try await heads.saveLedgerHead(origin, head) }
        }
        self.heads = writer
        do {
            let storage = try LedgerStorage(settings.directory)
            let signer = try storage.key(named: settings.name)
            guard signer.verifier.name == settings.name else {
                throw LedgerProblem(
                    "\(settings.directory) is the ledger \"\(signer.verifier.name)\", and `ledger.name` is "
                        + "\"\(settings.name)\"; another name needs another directory")
            }
            key = signer.verifier
            publicPath = storage.publicPath
            salter = Salter(secret: try storage.secret(named: "salt"))
            let remembered = try await heads.ledgerHead(signer.verifier.name)
            try Self.check(remembered)
            let newest = Mutex(try remembered.map { try Checkpoint(text: $0.text) })
            sequencer = try LedgerSequencer(
                clock: { UInt64(Glibc.time(nil)) },
                reopen: { () throws(LedgerProblem) in
                    try LedgerWriter(storage, key: signer, head: newest.withLock { $0 }, time: UInt64(Glibc.time(nil)))
                },
                told: { event in
                    switch event {
                    case .published(let checkpoint):
                        newest.withLock { $0 = checkpoint }
                        let head = StoredLedgerHead(text: checkpoint.text, time: UInt64(Glibc.time(nil)))
                        writer.owe([(checkpoint.origin, head)], isUrgent: true)
                    case .stuck(let problem):
                        logger.error(
                            "the ledger can't be written; entries wait, and it tries again every second",
                            metadata: ["problem": "\(problem)"])
                    case .recovered: logger.notice("the ledger can be written again")
                    }
                })
        } catch let problem as LedgerProblem {
            throw StartupError(.unavailable, "ledger: \(problem)")
        } catch let problem as StorageError {
            throw StartupError(.unavailable, problem.message)
        } catch {
            throw StartupError(.unavailable, "ledger: \(error)")
        }
        logger.info("ledger open", metadata: ["log": "\(key.vkey)", "directory": "\(settings.directory)"])
    }

    private static func check(_ remembered: StoredLedgerHead?) throws {
        let now = UInt64(Glibc.time(nil))
        if let remembered, now + 60 < remembered.time {
            throw LedgerProblem(
                "the clock says \(now), and the last checkpoint was made at \(remembered.time): the clock was set "
                    + "back; set it right")
        }
    }

    /// Remembers the newest checkpoint until the task is cancelled.
    func run() async { await heads.run() }

    /// Milliseconds since 1970.
    private var now: Int {
        var clock = timespec()
        clock_gettime(CLOCK_REALTIME, &clock)
        return clock.tv_sec * 1000 + clock.tv_nsec / 1_000_000
    }

    func add(_ entry: LedgerEntry) {
        guard entry.bytes.count <= EntryBundle.mostBytes else {
            logger.error("an entry is longer than a ledger takes", metadata: ["bytes": "\(entry.bytes.count)"])
            return
        }
        entry.bytes.withUnsafeBytes { sequencer.append($0) }
    }

    func note(_ kind: LedgerSettings.Kind, _ entry: @autoclosure () -> LedgerEntry) {
        if settings.kinds.contains(kind) { add(entry()) }
    }

    /// For the end of the process.
    func close() {
        let lost = sequencer.close()
        if lost > 0 { logger.error("entries of the ledger were lost", metadata: ["entries": "\(lost)"]) }
    }

    // MARK: Requests

    var refusal: Conversation.Problem? {
        guard settings.whenFull == .refuse, settings.kinds.contains(.requests), sequencer.isFull else { return nil }
        return Conversation.Problem(
            .unavailable, "Nothing more can be put on record at present (`ledger.when_full`); try again soon.",
            code: "ledger_full", retryAfter: 1)
    }

    func witness(of call: Call) -> (any AnswerWitness)? {
        guard settings.kinds.contains(.requests) else { return nil }
        return Witness(salter.salt(call.id), prompt: call.body)
    }

    func settled(_ record: RequestRecord, _ witness: any AnswerWitness) async {
        guard let witness = witness as? Witness else { return }
        add(.settled(record, prompt: witness.prompt, answer: witness.answer, at: now))
        if settings.whenFull == .block { await sequencer.room() }
    }

    func admitted(
        _ record: RequestRecord, to candidate: String, _ witness: any AnswerWitness
    ) -> Durability {
        let prompt = (witness as? Witness)?.prompt
        return durable(.admitted(record, to: candidate, prompt: prompt, at: now))
    }

    func settling(_ record: RequestRecord, _ witness: any AnswerWitness) -> Durability {
        let witness = witness as? Witness
        return durable(.settled(record, prompt: witness?.prompt, answer: witness?.answer, at: now))
    }

    func withheld(_ record: RequestRecord) { add(.withheld(record, at: now)) }

    /// How long an answer is held back for the record's sake.
    private static let patience = DispatchTimeInterval.seconds(10)

    private func durable(_ entry: LedgerEntry) -> Durability {
        let durability = Durability()
        entry.bytes.withUnsafeBytes { bytes in
            sequencer.append(bytes) { result in
                if case .success = result { durability.tell(true) } else { durability.tell(false) }
            }
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) { durability.tell(false) }
        return durability
    }

    // MARK: Events

    package func receive(_ event: ServerEvent) async {
        switch event {
        case .health(let changes): for change in changes { note(change) }
        case .drillBegan(let report): note(.drills, .drill("drill.began", report, at: now))
        case .drillEnded(let report): note(.drills, .drill("drill.ended", report, at: now))
        case .configuration(let change): note(change)
        // Always on record, whatever `record` lists: an operator who keeps a
        // ledger wants to know these.
        case .administration(let action):
            add(.administration(action.path, by: action.by, action.parameter, action.body, at: now))
        case .custody(let event): add(.custody(event, at: now))
        case .probe, .disclosure: break
        }
    }

    private func note(_ change: HealthChange) {
        switch change {
        case .placed(let hold) where hold.isPersistent: note(.holds, .hold("hold.placed", hold, at: now))
        case .lifted(let hold, let by) where hold.isPersistent:
            note(.holds, .hold("hold.lifted", hold, by: by, at: now))
        // Held by hand anew, with another reason.
        case .changed(let hold) where hold.ground == .byHand: note(.holds, .hold("hold.placed", hold, at: now))
        case .changed(let hold) where hold.isPersistent && hold.firmness == .lasting:
            note(.holds, .hold("hold.confirmed", hold, at: now))
        case .acknowledged(let hold) where hold.isPersistent:
            note(.holds, .hold("hold.acknowledged", hold, by: hold.acknowledgedBy, at: now))
        case .contradicted(let contradiction): note(.holds, .unconfirmed(contradiction, at: now))
        default: break
        }
    }

    private func note(_ change: ConfigurationChange) {
        let settings = change.settings
        var bytes: [UInt8] = []
        do throws(FileFault) {
            bytes = try WholeFile.readAll(settings.file, limit: 1 << 20)
        } catch {
            logger.error(
                "the configuration is on record with the digest of an empty file", metadata: ["problem": "\(error)"])
        }
        let digest = Base64.encode(Array(SHA256.hash(data: bytes)))
        let changed = change.previous.map { SettingsSection.names(changedFrom: $0, to: settings) } ?? []
        let places = settings.providers.map { Placement($0) }
        note(.configuration, .configuration(digest: digest, changed: changed, places: places, at: now))
    }

    // MARK: The public files

    var isServed: Bool { settings.isServed }

    /// What `GET /ledger/<path>` answers with; nil where there is no such
    /// public file.
    var publicFile: @Sendable (String) -> ByteBuffer? {
        let folder = LedgerFolder(publicPath, links: .refused)
        let failing = FailureNote()
        return { [logger] path in
            guard LedgerPaths.isPublic(path) else { return nil }
            do throws(LedgerProblem) {
                let bytes = try folder.read(path)
                failing.ended()
                return bytes.map { ByteBuffer(bytes: $0) }
            } catch {
                if failing.began() {
                    logger.error("the ledger's public files can't be read", metadata: ["problem": "\(error)"])
                }
                return nil
            }
        }
    }
}

/// What makes a digest of a short prompt unguessable, and still lets whoever
/// runs Holdfast show that it is the prompt's: 16 bytes for each request,
/// made of a secret that stays here.
///
/// The first half of SHA-256 over the secret, filled up with zeros to a block
/// that is hashed once for all, and the request's id. Half of it only, so that
/// nobody can go on from it.
struct Salter: Sendable {
    typealias Salt = (UInt64, UInt64)

    /// Has taken in the secret, and no request yet.
    private let keyed: SHA256

    /// - Parameter secret: 32 bytes.
    init(secret: [UInt8]) {
        var keyed = SHA256()
        keyed.update(data: secret + [UInt8](repeating: 0, count: 32))
        self.keyed = keyed
    }

    func salt(_ request: String) -> Salt {
        var hasher = keyed
        var request = request
        request.withUTF8 { hasher.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        return hasher.finalize().withUnsafeBytes { $0.loadUnaligned(as: Salt.self) }
    }
}

/// Knows what was asked and answered by its digests only: SHA-256 of a salt
/// and the bytes; nil where there were none.
private final class Witness: AnswerWitness {
    let prompt: SHA256Digest?
    private let salt: Salter.Salt
    /// Of what was sent so far.
    private var hasher: SHA256?

    init(_ salt: Salter.Salt, prompt: ByteBuffer) {
        self.salt = salt
        guard prompt.readableBytes > 0 else {
            self.prompt = nil
            return
        }
        var hasher = Self.begin(salt)
        prompt.withUnsafeReadableBytes { hasher.update(bufferPointer: $0) }
        self.prompt = hasher.finalize()
    }

    func saw(_ body: ByteBuffer) {
        guard body.readableBytes > 0 else { return }
        // Out of its place meanwhile: with two owners it would be copied.
        var hasher = self.hasher ?? Self.begin(salt)
        self.hasher = nil
        body.withUnsafeReadableBytes { hasher.update(bufferPointer: $0) }
        self.hasher = hasher
    }

    var answer: SHA256Digest? { hasher?.finalize() }

    private static func begin(_ salt: Salter.Salt) -> SHA256 {
        var hasher = SHA256()
        withUnsafeBytes(of: salt) { hasher.update(bufferPointer: $0) }
        return hasher
    }
}
