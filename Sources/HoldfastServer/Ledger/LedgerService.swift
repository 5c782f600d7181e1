package import Conversation
import Crypto
import Dispatch
import Files
package import Gateway
package import Ledger
import LedgerDisk
package import Logging
import NIOCore
package import Settings
package import Storage
import Synchronization

/// The ledger of a running Holdfast.
package final class LedgerService: AuditRecorder, ServerEventRecorder, ServerEventSubscriber {
    private let settings: LedgerSettings
    let sequencer: LedgerSequencer
    private let signer: SignerKey
    private let salter: Salter
    let seal: VetoSeal
    private let logger: Logger
    /// The log's public key.
    package let key: VerifierKey
    package let publicPath: String

    private let heads: DurableWriter<String, StoredLedgerHead>
    private let clock: @Sendable () -> Int

    /// - Parameter clock: microseconds since 1970.
    /// - Throws: ``StartupError`` where the ledger isn't the one it was: it may
    ///   have been rolled back, swapped or damaged, and a person must look.
    package init(
        _ settings: LedgerSettings, heads: any LedgerHeads, logger: Logger,
        clock: @escaping @Sendable () -> Int = { SystemClock.microseconds() }
    ) async throws(StartupError) {
        self.settings = settings
        self.logger = logger
        self.clock = clock
        let seconds: @Sendable () -> UInt64 = { UInt64(max(0, clock() / 1_000_000)) }
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
            self.signer = signer
            publicPath = storage.publicPath
            salter = Salter(secret: try storage.secret(named: "salt"))
            seal = VetoSeal(secret: try storage.secret(named: "veto"))
            let remembered = try await heads.ledgerHead(signer.verifier.name)
            try Self.check(remembered, now: seconds())
            let newest = Mutex(try remembered.map { try Checkpoint(text: $0.text) })
            sequencer = try LedgerSequencer(
                clock: seconds,
                reopen: { () throws(LedgerProblem) in
                    try LedgerWriter(storage, key: signer, head: newest.withLock { $0 }, time: seconds())
                },
                told: { event in
                    switch event {
                    case .published(let checkpoint):
                        newest.withLock { $0 = checkpoint }
                        let head = StoredLedgerHead(text: checkpoint.text, time: seconds())
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

    private static func check(_ remembered: StoredLedgerHead?, now: UInt64) throws {
        if let remembered, now + 60 < remembered.time {
            throw LedgerProblem(
                "the clock says \(now), and the last checkpoint was made at \(remembered.time): the clock was set "
                    + "back; set it right")
        }
    }

    /// Remembers the newest checkpoint until the task is cancelled.
    package func run() async { await heads.run() }

    /// Milliseconds since 1970.
    var now: Int { clock() / 1000 }

    private func add(_ entry: LedgerEntry) {
        guard entry.bytes.count <= EntryBundle.mostBytes else {
            logger.error("an entry is longer than a ledger takes", metadata: ["bytes": "\(entry.bytes.count)"])
            return
        }
        entry.bytes.withUnsafeBytes { sequencer.append($0) }
    }

    /// For the end of the process.
    package func close() {
        let lost = sequencer.close()
        if lost > 0 { logger.error("entries of the ledger were lost", metadata: ["entries": "\(lost)"]) }
    }

    // MARK: Requests

    package var refusal: APIProblem? {
        guard settings.whenFull == .refuse, settings.kinds.contains(.requests), sequencer.isFull else { return nil }
        return APIProblem(
            .unavailable, "Nothing more can be put on record at present (`ledger.when_full`); try again soon.",
            code: "ledger_full", retryAfter: 1)
    }

    package func digest(of call: Call) -> (any AnswerDigest)? {
        guard settings.kinds.contains(.requests) else { return nil }
        return TextDigest(salter.salt(call.id), prompt: call.body)
    }

    package func finished(_ record: RequestRecord, _ digest: any AnswerDigest) async {
        guard let digest = digest as? TextDigest else { return }
        add(.settled(record, prompt: digest.prompt, answer: digest.answer, marks: salter.marks(record), at: now))
        if settings.whenFull == .block { await sequencer.room() }
    }

    package func admitted(
        _ record: RequestRecord, to candidate: String, _ digest: any AnswerDigest
    ) -> Durability {
        let prompt = (digest as? TextDigest)?.prompt
        return durable(.admitted(record, to: candidate, prompt: prompt, at: now))
    }

    package func finishing(_ record: RequestRecord, _ digest: any AnswerDigest) -> Durability {
        let digest = digest as? TextDigest
        return durable(
            .settled(
                record, prompt: digest?.prompt, answer: digest?.answer, marks: salter.marks(record), at: now))
    }

    package func withheld(_ record: RequestRecord) { add(.withheld(record, at: now)) }

    /// The longest time that an answer is held back until its entry is durable.
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

    /// Adds the entries of an event, but of one whose file has to be read first.
    package func record(_ event: ServerEvent) {
        if case .configuration = event { return }
        add(event) { _ in [] }
    }

    /// Adds the entry of the settings.
    package func receive(_ event: ServerEvent) async {
        guard case .configuration = event else { return }
        add(event) { file in
            do throws(FileFault) {
                return try WholeFile.readAll(file, limit: 1 << 20)
            } catch {
                logger.error(
                    "the configuration is on record with the digest of an empty file",
                    metadata: ["problem": "\(error)"])
                return []
            }
        }
    }

    private func add(_ event: ServerEvent, contents: (String) -> [UInt8]) {
        for entry in EventEntries(settings.kinds).entries(of: event, at: now, contents: contents) { add(entry) }
    }

    /// Signs a text with the log's key, as a note of its own kind: its first
    /// line must be another than the log's name, so that it is no checkpoint.
    package func signed(_ text: String) throws(LedgerProblem) -> SignedNote {
        var note = SignedNote(text: text)
        try note.sign(signer, time: UInt64(max(0, clock() / 1_000_000)))
        return note
    }

    // MARK: The public files

    var isServed: Bool { settings.isServed }

    /// Answers `GET /ledger/<path>`; nil if there is no such public file.
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

/// A source of salts that make the digest of a short prompt impossible to guess, while the operator can still show that
/// it is the prompt's digest. A salt is 16 bytes, different for each request, and is derived from a secret that stays
/// on this machine.
///
/// The salt is the first half of SHA-256 over the secret, filled up with zeros to one block that is hashed only once,
/// and the request's id. It is only half of the hash, so that the hash can't be extended.
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
private final class TextDigest: AnswerDigest {
    let prompt: SHA256Digest?
    private let salt: Salter.Salt
    /// The hash of everything that was sent so far.
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
