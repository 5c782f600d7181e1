import Access
import AdminAPI
import Encodings
import Signing
import Veto
import VetoSpool

/// The people and the suspensions of one Holdfast, as its spool tells them:
/// what a server that starts now would make of it.
struct VetoDesk {
    let place: VetoPlace
    private(set) var machine: VetoMachine
    /// The files that can't be read, or count for nothing, and why.
    private(set) var problems: [String] = []

    /// - Throws: an exit code, once the reason has been printed.
    init(_ place: VetoPlace) throws {
        self.place = place
        var mark = SpoolMark()
        let (files, problems) = SpoolReader(place.spool).news(since: &mark)
        self.problems = problems.map(\.description)
        let policy = VetoPolicy(
            ratifyWithin: place.ratifyWithin,
            unratified: place.settings?.veto.unratified == .lapses ? .lapses : .stands)
        do throws(VetoRefusal) {
            let founding = files.first { $0.kind == .roster && $0.number == 1 }
            let roster = try founding.map { file throws(VetoRefusal) in try Roster(file.bytes) }
            machine = try VetoMachine(policy: policy, founding: roster, start: .now)
        } catch {
            complain("holdfast: \(place.spool.path)/roster/0001.json: \(error.what); put back the file from a backup")
            throw ExitStatus.dataError.exit
        }
        take(files)
    }

    var chain: RosterChain? { machine.chain }

    /// Takes what the spool has in the order in which a server does: until a
    /// round takes nothing more, since a statement may come before the order,
    /// or the roster, that it needs.
    private mutating func take(_ files: [SpoolFile]) {
        var left: [(file: SpoolFile, statement: SignedStatement)] = []
        for file in files where file.kind == .orders || file.kind == .statements || (file.kind == .roster && file.number > 1) {
            do throws(VetoRefusal) {
                left.append((file, try SignedStatement(file.bytes)))
            } catch {
                problems.append("\(name(of: file)): \(error.what)")
            }
        }
        var reasons: [String: String] = [:]
        var count = 0
        repeat {
            count = left.count
            left = left.filter { file, statement in
                do throws(VetoRefusal) {
                    try take(statement, number: file.kind == .orders ? file.number : nil)
                    return false
                } catch {
                    reasons[name(of: file)] = error.what
                    return true
                }
            }
        } while !left.isEmpty && left.count < count
        problems += left.map { file, _ in "\(name(of: file)): \(reasons[name(of: file)] ?? "")" }
        _ = machine.tick(at: .now)
    }

    private func name(of file: SpoolFile) -> String {
        let name = file.number > 0 ? SpoolFolder.name(file.kind, file.number) : "\(file.digest).json"
        return "\(place.spool.path)/\(file.kind.rawValue)/\(name)"
    }

    /// - Throws: the reason why it counts for nothing.
    private mutating func take(_ statement: SignedStatement, number: Int?) throws(VetoRefusal) {
        let verified = try machine.verified(statement)
        for event in machine.take(verified, number: number, at: .now) {
            if case .refused(_, let reason) = event { throw reason }
        }
    }

    // MARK: Judging

    /// Judges a statement that is to be handed in, by the rules by which a
    /// server does.
    ///
    /// - Returns: the content, and what it brings about.
    /// - Throws: the reason why it would count for nothing.
    func judge(_ statement: SignedStatement) throws(VetoRefusal) -> (verified: VerifiedStatement, events: [VetoEvent]) {
        let verified = try machine.verified(statement)
        var copy = machine
        // An order gets its number when it is written.
        let events = copy.take(verified, number: (machine.numbers.last ?? 0) + 1, at: .now)
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
            complain("holdfast: \"\(id.printable.prefix(64))\" is no suspension's id, such as S12; `holdfast veto list` has them")
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

extension VetoTime {
    /// Now, by both clocks of this machine.
    static var now: VetoTime { VetoTime(wall: Int(UnixTime.now.seconds), boot: BootClock.now) }
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
