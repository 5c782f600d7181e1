import AdminAPI
import Encodings
import HoldfastServer
import Settings
import Signing
import Veto
import VetoSpool

/// The people and the suspensions of one Holdfast, as its spool tells them:
/// what a server that starts now would make of it.
struct SpoolDesk {
    let place: VetoPlace
    private let desk: VetoDesk
    /// The files that can't be read, or count for nothing, and why.
    private(set) var problems: [String]

    /// - Throws: an exit code, once the reason has been printed.
    init(_ place: VetoPlace) throws {
        self.place = place
        let clock = VetoClock.system
        var mark = SpoolMark()
        let (files, unread) = SpoolReader(place.spool).news(since: &mark)
        let policy = VetoPolicy(
            ratifyWithin: place.ratifyWithin,
            unratified: place.settings?.veto.unratified == .lapses ? .lapses : .stands)
        problems = unread.map(\.description)
        let identity = Self.identity(place, &problems)
        var desk = try accepted { () throws(VetoRefusal) in
            try VetoDesk(policy: policy, start: clock.now, boot: clock.boot, identity: identity)
        }
        // The server's own record first, in its order and at its times; then
        // the files that no server has seen yet.
        let records = files.filter { $0.kind == .log }.map { ($0, VetoRecord($0.bytes)) }
        problems += records.filter { $0.1 == nil }.map { file, _ in
            "\(place.spool.path)/log/\(file.digest).json is no entry that this version reads"
        }
        problems += desk.replay(records.compactMap(\.1)).problems
        let step = desk.take(files, at: clock.now)
        problems += step.problems
        problems += step.refused.map { "\(Self.name($0.file, files, place)): \($0.reason.what)" }
        _ = desk.tick(at: clock.now)
        self.desk = desk
    }

    /// The marks by which the server knows its own, as far as this user may read
    /// them.
    private static func identity(_ place: VetoPlace, _ problems: inout [String]) -> VetoIdentity {
        do throws(SpoolFault) {
            // Without one, nothing in the record is the server's own; it would
            // make another.
            let key = try SpoolKey.load(place.spool) ?? .ephemeral()
            return VetoIdentity(key: VetoRecordKey(secret: key.secret), log: Installation.log(place))
        } catch {
            problems.append("the server's key can't be read, so its record is taken as it is: \(error)")
            return VetoIdentity()
        }
    }

    private static func name(_ digest: String, _ files: [SpoolFile], _ place: VetoPlace) -> String {
        guard let file = files.first(where: { $0.digest == digest && $0.kind != .log }) else { return digest }
        let name = file.number > 0 ? SpoolFolder.name(file.kind, file.number) : "\(digest).json"
        return "\(place.spool.path)/\(file.kind.rawValue)/\(name)"
    }

    var machine: VetoMachine { desk.machine }
    var chain: RosterChain? { machine.chain }
    /// A number after those of all suspensions.
    var nextNumber: Int { desk.nextNumber }

    /// The earlier ends of a suspension that one more person has to sign.
    func proposedEnds(of number: Int) -> [ProposedEnd] {
        machine.proposedEnds(of: number, at: VetoClock.system.now.wall)
    }

    // MARK: Judging

    /// Judges a statement that is to be handed in, by the rules by which a
    /// server does.
    ///
    /// - Returns: the content, and what it brings about.
    /// - Throws: the reason why it would count for nothing.
    func judge(_ statement: SignedStatement) throws(VetoRefusal) -> (verified: VerifiedStatement, events: [VetoEvent]) {
        let verified = try machine.verified(statement)
        try desk.mustBeOwn(verified.statement)
        var copy = machine
        // An order gets its number when it is written.
        let events = copy.take(verified, number: nextNumber, at: VetoClock.system.now)
        for event in events { if case .refused(_, let reason) = event { throw reason } }
        return (verified, events)
    }

    // MARK: Looking

    /// The number in an id: `S12`, or `12`.
    static func number(_ id: String) -> Int? {
        guard let number = Int(id.hasPrefix("S") || id.hasPrefix("s") ? id.dropFirst() : id[...]), number > 0,
            number <= SpoolFolder.greatestNumber
        else { return nil }
        return number
    }

    /// The suspension that a command names.
    /// - Throws: an exit code, once the reason has been printed.
    func suspension(_ id: String) throws -> (suspension: Suspension, standing: SuspensionStanding) {
        guard let number = Self.number(id) else {
            complain(
                "holdfast: \"\(id.printable.prefix(64))\" is no suspension's id, such as S12; `holdfast veto list` has them"
            )
            throw ExitStatus.usage.exit
        }
        guard let suspension = machine.suspension(number), let standing = machine.standing(of: number) else {
            complain("holdfast: there is no suspension S\(number); `holdfast veto list` has them")
            throw ExitStatus.usage.exit
        }
        return (suspension, standing)
    }

    /// The roster in force.
    /// - Throws: an exit code, once the reason has been printed.
    func roster() throws -> Roster {
        guard let chain else {
            complain("holdfast: there are no people yet; make a roster with `holdfast people init`")
            throw ExitStatus.config.exit
        }
        return chain.current
    }
}

/// Ends a command whose statement, roster or record is refused.
func accepted<T>(_ work: () throws(VetoRefusal) -> T) throws -> T {
    do throws(VetoRefusal) {
        return try work()
    } catch {
        complain("holdfast: \(error)")
        throw ExitStatus.dataError.exit
    }
}

/// Ends a command whose roster breaks a rule.
func valid<T>(_ work: () throws(VetoRefusal) -> T) throws -> T {
    do throws(VetoRefusal) {
        return try work()
    } catch {
        // The remedies are those of statements.
        complain("holdfast: \(error.what)")
        throw ExitStatus.dataError.exit
    }
}

/// Ends a command that couldn't write into the spool.
func written<T>(_ work: () throws(SpoolFault) -> T) throws -> T {
    do throws(SpoolFault) {
        return try work()
    } catch {
        complain("holdfast: nothing is ordered or approved: \(error)")
        throw (error.isTaken ? ExitStatus.cannotCreate : .io).exit
    }
}

extension SpoolFault {
    fileprivate var isTaken: Bool {
        if case .taken = self { return true }
        return false
    }
}
