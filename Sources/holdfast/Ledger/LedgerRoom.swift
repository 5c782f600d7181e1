import Conversation
import Crypto
import Drills
import FoundationEssentials
import FrontDoor
import Gateway
import Glibc
import Ledger
import LedgerDisk
import Logging
import NIOCore
import Resilience
import Settings
import Store
import Synchronization
import Telemetry

/// The ledger of a running Holdfast.
final class LedgerRoom: Notary {
    private let settings: LedgerSettings
    private let sequencer: LedgerSequencer
    private let salter: Salter
    private let logger: Logger
    private let time = Mutex(LogTime())
    /// The log's public key.
    let key: VerifierKey
    let publicPath: String

    /// - Throws: ``HouseError`` where the ledger isn't the one it was: it may
    ///   have been rolled back, swapped or damaged, and a person must look.
    init(_ settings: LedgerSettings, store: Store, logger: Logger) throws(HouseError) {
        self.settings = settings
        self.logger = logger
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
            let remembered = try store.ledgerHead(signer.verifier.name)
            let now = UInt64(Glibc.time(nil))
            if let remembered, now + 60 < remembered.time {
                throw LedgerProblem(
                    "the clock says \(now), and the last checkpoint was made at \(remembered.time): the clock was set "
                        + "back; set it right")
            }
            let head = try remembered.map { try Checkpoint(text: $0.text) }
            let files = Unshared(storage)
            sequencer = try LedgerSequencer(
                clock: { UInt64(Glibc.time(nil)) },
                reopen: { () throws(LedgerProblem) in
                    try LedgerWriter(files.value, key: signer, head: head, time: UInt64(Glibc.time(nil)))
                },
                told: { event in
                    switch event {
                    case .published(let checkpoint):
                        try? store.saveLedgerHead(
                            checkpoint.origin, text: checkpoint.text, time: UInt64(Glibc.time(nil)))
                    case .stuck(let problem):
                        logger.error(
                            "the ledger can't be written; entries wait, and it tries again every second",
                            metadata: ["problem": "\(problem)"])
                    case .recovered: logger.notice("the ledger can be written again")
                    }
                })
        } catch let problem as LedgerProblem {
            throw HouseError(message: "ledger: \(problem)", status: .unavailable)
        } catch let problem as StoreError {
            throw HouseError(message: problem.message, status: .unavailable)
        } catch {
            throw HouseError(message: "ledger: \(error)", status: .unavailable)
        }
        logger.info("ledger open", metadata: ["log": "\(key.vkey)", "directory": "\(settings.directory)"])
    }

    private var now: String { time.withLock { $0.now() } }

    func add(_ entry: LedgerEntry) {
        guard entry.bytes.count <= EntryBundle.mostBytes else {
            logger.error("an entry is longer than a ledger takes", metadata: ["bytes": "\(entry.bytes.count)"])
            return
        }
        sequencer.append(entry.bytes)
    }

    func note(_ kind: LedgerSettings.Kind, _ entry: @autoclosure () -> LedgerEntry) {
        if settings.kinds.contains(kind) { add(entry()) }
    }

    /// For the end of the process.
    func close() {
        let lost = sequencer.close()
        if lost > 0 { logger.error("entries of the ledger were lost", metadata: ["entries": "\(lost)"]) }
    }

    var backlog: Int { sequencer.backlog }

    // MARK: Requests

    var refusal: Conversation.Problem? {
        guard settings.whenFull == .refuse, settings.kinds.contains(.requests), sequencer.isFull else { return nil }
        return Conversation.Problem(
            .unavailable, "Nothing more can be put on record at present (`ledger.when_full`); try again soon.",
            code: "ledger_full", retryAfter: 1)
    }

    func witness(of request: String) -> any AnswerWitness { Digest(salter.salt(request)) }

    func settled(_ record: RequestRecord, prompt: ByteBuffer, answer: any AnswerWitness) async {
        guard settings.kinds.contains(.requests) else { return }
        let digest = Digest(salter.salt(record.id))
        digest.saw(prompt)
        add(.settled(record, prompt: digest.text, answer: (answer as? Digest)?.text, at: now))
        if settings.whenFull == .block { await sequencer.room() }
    }

    // MARK: What isn't a request's

    func note(_ changes: [HealthChange]) {
        for change in changes {
            switch change {
            case .placed(let hold) where hold.isPersistent: note(.holds, .hold("hold.placed", hold, at: now))
            case .lifted(let hold, let by) where hold.isPersistent:
                note(.holds, .hold("hold.lifted", hold, by: by, at: now))
            default: break
            }
        }
    }

    func drillBegan(_ report: DrillReport) { note(.drills, .drill("drill.began", report, at: now)) }
    func drillEnded(_ report: DrillReport) { note(.drills, .drill("drill.ended", report, at: now)) }

    /// - Parameter old: what was in force; nil at start.
    func configurationChanged(_ settings: Settings, from old: Settings?) {
        let bytes = FileManager.default.contents(atPath: settings.file) ?? Data()
        let digest = Base64.encode(Array(SHA256.hash(data: bytes)))
        let changed = old.map { settings.sections(changedSince: $0) } ?? []
        note(.configuration, .configuration(digest: digest, changed: changed, at: now))
    }

    /// The same action, put on record once it is done.
    func noting(_ action: AdminDoor.Action) -> AdminDoor.Action {
        AdminDoor.Action(action.path) { [self] request in
            let outcome = action.perform(request)
            if case .done = outcome {
                administration(action.path, by: request.who, target: request.parameter)
            }
            return outcome
        }
    }

    // MARK: The public files

    var isServed: Bool { settings.isServed }

    /// What `GET /ledger/<path>` answers with; nil where there is no such
    /// public file.
    var publicFile: @Sendable (String) -> ByteBuffer? {
        let folder = LedgerFolder(publicPath)
        return { path in
            let isKept = path.hasPrefix(LedgerPaths.kept + "/") && path.utf8.count == LedgerPaths.kept(0).utf8.count
            guard
                path == LedgerPaths.checkpoint || path == LedgerPaths.minimumIndex || Tile(path: path) != nil
                    || isKept && path.utf8.suffix(20).allSatisfy({ (0x30...0x39).contains($0) })
            else { return nil }
            return (try? folder.read(path)).flatMap { $0 }.map { ByteBuffer(bytes: $0) }
        }
    }

    /// Whatever the settings say.
    func administration(_ action: String, by: String, target: String) {
        add(.administration(action, by: by, target: target, at: now))
    }
}

/// What makes a digest of a short prompt unguessable, and still lets whoever
/// runs Holdfast show that it is the prompt's: 16 bytes for each request,
/// made of a secret that stays here.
struct Salter: Sendable {
    private let key: SymmetricKey

    init(secret: [UInt8]) { key = SymmetricKey(data: secret) }

    func salt(_ request: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(request.utf8), using: key).prefix(16))
    }
}

/// SHA-256 of a salt and what came after it.
private final class Digest: AnswerWitness {
    private var hasher = SHA256()
    private var isEmpty = true

    init(_ salt: [UInt8]) { salt.withUnsafeBytes { hasher.update(bufferPointer: $0) } }

    func saw(_ body: ByteBuffer) {
        guard body.readableBytes > 0 else { return }
        isEmpty = false
        body.withUnsafeReadableBytes { hasher.update(bufferPointer: $0) }
    }

    /// Nil where there was nothing.
    var text: String? { isEmpty ? nil : Base64.encode(Array(hasher.finalize())) }
}

/// A value that one queue uses at a time.
// The sequencer calls `reopen` on its own queue only, and before it exists on
// the thread that makes it.
private struct Unshared<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

extension Settings {
    /// The names of the sections that say something else.
    fileprivate func sections(changedSince old: Settings) -> [String] {
        let all: [(String, Bool)] = [
            ("listen", listen != old.listen), ("tls", tls != old.tls), ("admin", admin != old.admin),
            ("keys", keys != old.keys), ("providers", providers != old.providers), ("routes", routes != old.routes),
            ("limits", limits != old.limits), ("log", log != old.log), ("metrics", metrics != old.metrics),
            ("data", dataDirectory != old.dataDirectory), ("ledger", ledger != old.ledger),
        ]
        return all.filter(\.1).map(\.0)
    }
}
