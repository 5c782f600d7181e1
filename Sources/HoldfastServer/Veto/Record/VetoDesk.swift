import Encodings
import Signing
package import Veto
package import VetoSpool

/// The consequences of something that was taken: events to be told, and entries
/// to be kept.
package struct VetoStep: Sendable {
    /// A file that was refused, with the reason.
    package struct Refusal: Sendable, Hashable {
        /// SHA-256 of the file, in hexadecimal digits.
        package var file: String
        package var reason: VetoRefusal
    }

    package var occurrences: [VetoOccurrence] = []
    package var records: [VetoRecord] = []
    /// SHA-256 of each file that was taken.
    package var taken: [String] = []
    package var refused: [Refusal] = []
    /// The faults of the record and the spool, for people.
    package var problems: [String] = []

    package init() {}

    package static func += (step: inout VetoStep, more: VetoStep) {
        step.occurrences += more.occurrences
        step.records += more.records
        step.taken += more.taken
        step.refused += more.refused
        step.problems += more.problems
    }
}

/// A statement that was taken, with the people behind it.
package struct TakenStatement: Sendable, Hashable {
    /// SHA-256 of its file, in hexadecimal digits.
    package var file: String
    /// `order`, `ratify`, `restore`, …
    package var decision: String
    /// The suspensions that it is about.
    package var numbers: [Int]
    /// Names of the roster; hints of recovery keys.
    package var signers: [String]
    package var time: VetoTime
    /// The DSSE envelope, as it was read.
    package var bytes: [UInt8]
}

/// The veto's state with its record: takes files of the spool, the clock, the
/// gate and standards, and says what is to be kept and told.
///
/// Pure: the caller reads, writes and tells the time.
package struct VetoDesk: Sendable {
    /// The most files that wait for what they are about.
    private static let mostWaiting = 1000

    package private(set) var machine: VetoMachine
    private let boot: String
    let start: VetoTime
    let identity: VetoIdentity
    private var position = 0
    /// The digests of the files that were taken or refused for good.
    private var done: Set<String> = []
    /// Files that may count once there is a roster, or the suspension that they
    /// are about; each was told of.
    private var waiting: [String: SpoolFile] = [:]
    /// SHA-256 of version 1 of the roster, as it is on record.
    private var founding: String?
    /// The identities of the models that each suspension covers.
    private var models: [Int: [String: String]] = [:]
    /// In the order in which they were taken.
    package private(set) var statements: [TakenStatement] = []

    /// - Parameters:
    ///   - start: now.
    ///   - boot: the id of the machine's start.
    package init(
        policy: VetoPolicy, start: VetoTime, boot: String, identity: VetoIdentity = VetoIdentity()
    ) throws(VetoRefusal) {
        machine = try VetoMachine(policy: policy, founding: nil, start: start)
        self.boot = boot
        self.start = start
        self.identity = identity
    }

    // MARK: The record

    /// Takes the record of earlier processes. Only entries with this server's
    /// seal count, see ``adopt(_:_:)``.
    ///
    /// - Parameter records: of all sources together; put into their order here.
    package mutating func replay(_ records: [VetoRecord]) -> Replay {
        var replay = Replay()
        let own = records.filter { identity.isOwn($0) }
        let named = own.map { (record: $0, digest: $0.digest) }.sorted { one, other in
            (one.record.position, one.record.time.wall, one.digest)
                < (other.record.position, other.record.time.wall, other.digest)
        }
        for (record, digest) in named {
            position = max(position, record.position)
            let found = apply(record.content, at: record.time)
            if case .refused(_, let reason) = found.first {
                replay.problems.append("entry \(record.position) of the record counts for nothing: \(reason.what)")
            } else {
                replay.events[digest] = found.map { occurrence($0, at: record.time) }
            }
        }
        if own.count < records.count {
            adopt(records.filter { !identity.isOwn($0) }, isKeyLost: own.isEmpty, &replay)
        }
        if let foreign = foreignRoster { replay.problems.append(foreign) }
        return replay
    }

    /// The greatest position of an entry; 0 where there is none.
    package var lastPosition: Int { position }

    mutating func record(_ content: VetoRecord.Content, at time: VetoTime) -> VetoRecord {
        position += 1
        let record = VetoRecord(position: position, time: time, boot: boot, content: content)
        return identity.key.map { record.sealed(by: $0) } ?? record
    }

    /// Changes the state by an entry's content.
    mutating func apply(_ content: VetoRecord.Content, at time: VetoTime) -> [VetoEvent] {
        switch content {
        case .founding(let bytes): return found(bytes, at: time)
        case .statement(let bytes, let number):
            done.insert(VetoRecord.digest(of: bytes))
            return take(bytes, number: number, at: time).events
        case .order(let bytes, let number): return order(bytes, number: number, at: time)
        case .green(let number): return machine.green(number, at: time)
        case .gate(let number, let result): return machine.gate(number, result, at: time)
        case .overdue(let number): return machine.replay(.overdue(number: number, at: time))
        case .lapsed(let number): return machine.replay(.lapsed(number: number, at: time))
        case .expired(let number): return machine.replay(.expired(number: number, at: time))
        case .replaced(let version): return machine.replay(.replaced(version: version, at: time))
        case .models(let number, let models):
            if self.models[number] == nil { self.models[number] = models }
            return []
        case .refused(let file, _):
            done.insert(file)
            return []
        }
    }

    /// Takes the statement of version 1 of the roster.
    private mutating func found(_ bytes: [UInt8], at time: VetoTime) -> [VetoEvent] {
        let digest = VetoRecord.digest(of: bytes)
        done.insert(digest)
        do throws(VetoRefusal) {
            let verified = try machine.verified(try SignedStatement(bytes))
            guard case .found = verified.statement.decision else {
                throw .malformed("the spool's version 1 of the roster is no statement that founds one")
            }
            let events = machine.take(verified, at: time)
            if !Self.isRefusal(events) { founding = digest }
            return events
        } catch {
            return [.refused(number: nil, reason: error)]
        }
    }

    /// Refuses what is for another installation. An order only stops, and the
    /// people of the roster can give it whatever their ledger is called.
    package func mustBeOwn(_ statement: VetoStatement) throws(VetoRefusal) {
        if case .order = statement.decision { return }
        guard identity.isOwn(installation: statement.installation) else {
            throw .wrongInstallation(statement.installation)
        }
    }

    /// Returns the refusal of a file that is for another installation; nil for
    /// all others, also for those that are refused for something else.
    private func foreign(_ bytes: [UInt8]) -> [VetoEvent]? {
        guard let signed = try? SignedStatement(bytes), let verified = try? machine.verified(signed) else { return nil }
        do throws(VetoRefusal) {
            try mustBeOwn(verified.statement)
            return nil
        } catch {
            return [.refused(number: verified.statement.number, reason: error)]
        }
    }

    private mutating func order(_ bytes: [UInt8], number: Int, at time: VetoTime) -> [VetoEvent] {
        do throws(VetoRefusal) {
            return machine.order(try Suspension(record: bytes, number: number), at: time)
        } catch {
            return [.refused(number: number, reason: error)]
        }
    }

    /// Takes a statement. An order whose number is another's gets the next ones
    /// that are free: it stops what it stops, whatever it is called.
    private mutating func take(
        _ bytes: [UInt8], number: Int?, at time: VetoTime
    ) -> (events: [VetoEvent], number: Int?) {
        do throws(VetoRefusal) {
            let verified = try machine.verified(try SignedStatement(bytes))
            if case .found = verified.statement.decision {
                throw .malformed("version 1 of the roster has its own place: hand it in with `holdfast people accept`")
            }
            var given = number
            var events = machine.take(verified, number: number, at: time)
            if case .refused(_, .numberTaken) = events.first {
                given = nextNumber
                events = machine.take(verified, number: given, at: time)
            }
            if !Self.isRefusal(events) { note(verified, bytes, events, at: time) }
            return (events, given)
        } catch {
            return ([.refused(number: number, reason: error)], number)
        }
    }

    private mutating func note(
        _ verified: VerifiedStatement, _ bytes: [UInt8], _ events: [VetoEvent], at time: VetoTime
    ) {
        let ordered = events.compactMap { event -> Int? in
            if case .ordered(let suspension) = event { suspension.number } else { nil }
        }
        statements.append(
            TakenStatement(
                file: VetoRecord.digest(of: bytes), decision: verified.statement.decision.name,
                numbers: verified.statement.number.map { [$0] } ?? ordered,
                signers: verified.signers.map { machine.chain?.owner(of: $0) ?? $0.hint }, time: time, bytes: bytes))
    }

    /// The files that may count later, and are in no record yet.
    var waitingFiles: [SpoolFile] { Array(waiting.values) }

    /// A number after those of all suspensions.
    package var nextNumber: Int { (machine.numbers.last ?? 0) + 1 }

    // MARK: Files

    /// Takes files of the spool, and those that waited for them.
    package mutating func take(_ files: [SpoolFile], at time: VetoTime) -> VetoStep {
        machine.observe(time)
        var step = VetoStep()
        for file in SpoolOrder.sorted(files) where file.kind != .log && !done.contains(file.digest) {
            step += take(file, at: time)
        }
        // What was taken may be what others waited for.
        while !waiting.isEmpty, !step.taken.isEmpty {
            let before = step.taken.count
            for file in waiting.values.sorted(by: { ($0.number, $0.digest) < ($1.number, $1.digest) }) {
                step += take(file, at: time)
            }
            if step.taken.count == before { break }
        }
        return step
    }

    private mutating func take(_ file: SpoolFile, at time: VetoTime) -> VetoStep {
        var step = VetoStep()
        if file.kind == .roster, file.number == 1 {
            if founding != nil {
                done.insert(file.digest)
                step.problems = ["the spool's version 1 of the roster is another than the one on record; it is ignored"]
                return step
            }
            let events = foreign(file.bytes) ?? found(file.bytes, at: time)
            return finish(file, events, .founding(file.bytes), at: time)
        }
        let number = file.kind == .orders ? file.number : nil
        let (events, given) = foreign(file.bytes).map { ($0, number) } ?? take(file.bytes, number: number, at: time)
        return finish(file, events, .statement(file.bytes, number: given), at: time)
    }

    private mutating func finish(
        _ file: SpoolFile, _ events: [VetoEvent], _ content: VetoRecord.Content, at time: VetoTime
    ) -> VetoStep {
        var step = VetoStep()
        guard case .refused(_, let reason) = events.first else {
            done.insert(file.digest)
            waiting[file.digest] = nil
            step.taken = [file.digest]
            step.records = [record(content, at: time)]
            step.occurrences = events.map { occurrence($0, at: time) }
            return step
        }
        if Self.mayCountLater(reason, file.kind), waiting.count < Self.mostWaiting {
            // Told once.
            guard waiting.updateValue(file, forKey: file.digest) == nil else { return step }
        } else {
            done.insert(file.digest)
            waiting[file.digest] = nil
            step.records = [record(.refused(file: file.digest, reason: reason.code), at: time)]
        }
        step.refused = [VetoStep.Refusal(file: file.digest, reason: reason)]
        step.occurrences = events.map { occurrence($0, at: time) }
        return step
    }

    /// An order that is refused is tried again with each change of the roster:
    /// a stop must not be lost by coming too early. All else is refused once,
    /// unless it came before what it is about.
    private static func mayCountLater(_ reason: VetoRefusal, _ kind: SpoolFolder.Kind) -> Bool {
        switch reason {
        case .noRoster, .unknownNumber: true
        case .malformed, .replayed, .wrongInstallation: false
        default: kind == .orders
        }
    }

    /// Returns the file of the spool that an entry of the record came from, to be
    /// put back where it is lost; nil where it came from none.
    package static func file(of record: VetoRecord) -> SpoolFile? {
        switch record.content {
        case .founding(let bytes):
            return SpoolFile(kind: .roster, number: 1, digest: VetoRecord.digest(of: bytes), bytes: bytes)
        case .statement(let bytes, let number):
            let digest = VetoRecord.digest(of: bytes)
            if let number { return SpoolFile(kind: .orders, number: number, digest: digest, bytes: bytes) }
            return SpoolFile(kind: .statements, number: 0, digest: digest, bytes: bytes)
        case .order, .green, .gate, .overdue, .lapsed, .expired, .replaced, .models, .refused: return nil
        }
    }

    // MARK: Clocks, gate, standards

    /// Does what is due by the clocks.
    package mutating func tick(at time: VetoTime) -> VetoStep {
        var step = VetoStep()
        for event in machine.tick(at: time) {
            step.occurrences.append(occurrence(event, at: time))
            if let content = Self.content(ofTick: event) { step.records.append(record(content, at: time)) }
        }
        return step
    }

    private static func content(ofTick event: VetoEvent) -> VetoRecord.Content? {
        switch event {
        case .overdue(let number): .overdue(number: number)
        case .lapsed(let number): .lapsed(number: number)
        case .verifying(let number, .expiry): .expired(number: number)
        case .roster(let version, _): .replaced(version: version)
        default: nil
        }
    }

    /// Takes a result of the gate.
    package mutating func gate(_ number: Int, _ result: GateResult, at time: VetoTime) -> VetoStep {
        change(.gate(number: number, result), at: time)
    }

    /// The identities of the models that a suspension covers, as it began.
    package func models(of number: Int) -> [String: String]? { models[number] }

    /// Takes note of them.
    package mutating func note(_ models: [String: String], of number: Int, at time: VetoTime) -> VetoStep {
        change(.models(number: number, models), at: time)
    }

    /// Takes a standard's word that it has been green for long enough.
    package mutating func green(_ number: Int, at time: VetoTime) -> VetoStep {
        change(.green(number: number), at: time)
    }

    /// Takes a standard's order, under the number that it has, or the next one
    /// where that is taken.
    /// - Returns: also the suspension as it was ordered; nil where it was
    ///   refused.
    package mutating func order(
        _ suspension: Suspension, at time: VetoTime
    ) -> (step: VetoStep, suspension: Suspension?) {
        var ordered = suspension
        ordered.roster = machine.chain?.current.version ?? 0
        if machine.suspension(ordered.number) != nil { ordered.number = max(ordered.number, nextNumber) }
        let step = change(.order(ordered.record, number: ordered.number), at: time)
        return (step, step.records.isEmpty ? nil : ordered)
    }

    private mutating func change(_ content: VetoRecord.Content, at time: VetoTime) -> VetoStep {
        machine.observe(time)
        var step = VetoStep()
        let events = apply(content, at: time)
        step.occurrences = events.map { occurrence($0, at: time) }
        if !Self.isRefusal(events) { step.records = [record(content, at: time)] }
        return step
    }

    static func isRefusal(_ events: [VetoEvent]) -> Bool {
        if case .refused = events.first { return true }
        return false
    }

    // MARK: Telling

    private func occurrence(_ event: VetoEvent, at time: VetoTime) -> VetoOccurrence {
        let suspension = event.number.flatMap { machine.suspension($0) }
        return VetoOccurrence(
            event, at: time, suspension: suspension, digest: suspension.map { Hex.encode($0.digest) },
            roster: machine.chain?.current.version ?? 0)
    }
}

extension VetoEvent {
    /// The number of the suspension that it is about; nil for those of the
    /// roster.
    package var number: Int? {
        switch self {
        case .ordered(let suspension): suspension.number
        case .ratified(let number, _), .overdue(let number), .lapsed(let number), .approved(let number, _),
            .approvalEnded(let number, _), .shortened(let number, _, _), .verifying(let number, _),
            .halfOpen(let number, _), .restored(let number), .gateFailed(let number, _):
            number
        case .refused(let number, _): number
        case .roster, .replacementAnnounced, .replacementCancelled: nil
        }
    }
}
