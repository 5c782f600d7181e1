package import Signing

/// All versions of the roster of one installation, each signed for by the one
/// before it.
///
/// A signature counts by person, and by the version since when its key counts.
/// A key that is new in a version that people signed counts for a suspension
/// only where its person, and as many of the signers as had to sign, counted
/// for it, too: nobody gets more say over a suspension than those had who let
/// them in. A key that is new in a version that recovery keys signed counts for
/// later suspensions alone.
package struct RosterChain: Sendable, Hashable {
    /// The person behind a key of the version in force.
    package struct Member: Sendable, Hashable {
        package var person: String
        /// The first version of which suspensions this key counts for.
        package var since: Int
    }

    /// In their order; the last is in force.
    package private(set) var versions: [Roster]
    private var members: [ECPublicKey: Member]
    /// The person of each key that ever was in the roster; nil for a recovery
    /// key.
    private var owners: [ECPublicKey: String?]
    /// All keys that ever were in the roster; those in force first.
    package private(set) var keys: [ECPublicKey]

    /// - Parameter founding: version 1. It is not signed by an earlier one: its
    ///   digest has to be known by another way.
    package init(founding: Roster) throws(VetoRefusal) {
        guard founding.version == 1 else { throw .brokenChain("the first roster is version \(founding.version)") }
        versions = [founding]
        members = [:]
        owners = [:]
        keys = []
        for person in founding.people {
            for key in person.keys { members[key] = Member(person: person.name, since: 1) }
        }
        note(founding)
    }

    /// The version in force.
    package var current: Roster { versions[versions.count - 1] }

    /// Returns the person of a key of the version in force.
    package func member(_ key: ECPublicKey) -> Member? { members[key] }

    /// Returns the version since when a person of the version in force counts,
    /// by the key that counts longest; nil for others.
    package func since(of person: String) -> Int? {
        members.values.filter { $0.person == person }.map(\.since).min()
    }

    /// Returns the people who count for a suspension that was ordered under a
    /// version, in the order of their names.
    package func people(countingFor version: Int) -> [String] {
        current.people.map(\.name).filter { name in since(of: name).map { $0 <= max(1, version) } ?? false }
    }

    /// Returns the version by which people count for a suspension that is taken
    /// now and names a version: that one, or the first later one for which
    /// enough people count. An order may name a version whose people have left
    /// since; without this, nobody could ever end it.
    func counting(from named: Int, atLeast needed: Int) -> Int {
        let sinces = current.people.compactMap { since(of: $0.name) }.sorted()
        return sinces.count < needed ? named : max(named, sinces[needed - 1])
    }

    package func isRecoveryKey(_ key: ECPublicKey) -> Bool { current.recovery?.keys.contains(key) ?? false }

    /// Returns the person that a key belongs to, or belonged to; nil for other
    /// keys.
    package func owner(of key: ECPublicKey) -> String? { owners[key] ?? nil }

    /// Returns the keys of people that a version would bring: each has to be
    /// shown to be in somebody's hands. A key that was in an earlier version,
    /// and isn't in this one, is new.
    package func newKeys(of next: Roster) -> Set<ECPublicKey> {
        Set(next.peoplesKeys.filter { members[$0] == nil })
    }

    // MARK: Changing

    /// Checks a version that people have signed, without taking it.
    ///
    /// - Parameter signers: the people whose valid signatures are over exactly
    ///   this roster, with the versions since when their keys count.
    func check(_ next: Roster, signedBy signers: [Member]) throws(VetoRefusal) {
        try mustFollow(next)
        try Self.mustBeDistinct(signers)
        guard signers.count >= current.threshold else {
            throw .notEnough(have: signers.count, need: current.threshold)
        }
    }

    /// Takes a version that ``check(_:signedBy:)`` lets pass.
    mutating func follow(_ next: Roster, signedBy signers: [Member]) {
        let vouched = signers.map(\.since).sorted()
        let least = current.threshold <= vouched.count ? vouched[current.threshold - 1] : next.version
        let members = members
        adopt(next) { person in
            let own = members.values.filter { $0.person == person }.map(\.since).max()
            return own.map { max($0, least) } ?? next.version
        }
    }

    /// Takes a version that recovery keys have signed.
    mutating func replace(by next: Roster) { adopt(next) { _ in next.version } }

    func mustFollow(_ next: Roster) throws(VetoRefusal) {
        guard next.installation == current.installation else { throw .wrongInstallation(next.installation) }
        guard next.version == current.version + 1 else {
            throw .brokenChain("version \(next.version) doesn't follow version \(current.version)")
        }
        guard next.previous == current.digest else {
            throw .brokenChain("version \(next.version) was made out of another version \(current.version)")
        }
        for person in next.people {
            for key in person.keys {
                guard let owner = owners[key] else { continue }
                guard owner == person.name else {
                    throw .brokenChain(
                        "the key \(key.hint) was \(owner.map { "\($0)'s" } ?? "a recovery key"), and is now to be "
                            + "\(person.name)'s")
                }
            }
        }
        for key in next.recovery?.keys ?? [] {
            if let owner = owners[key], let owner {
                throw .brokenChain("the key \(key.hint) was \(owner)'s, and is now to be a recovery key")
            }
        }
    }

    static func mustBeDistinct(_ signers: [Member]) throws(VetoRefusal) {
        var names: Set<String> = []
        for signer in signers where !names.insert(signer.person).inserted {
            throw .selfApproval(person: signer.person)
        }
    }

    private mutating func adopt(_ next: Roster, since version: (String) -> Int) {
        var now: [ECPublicKey: Member] = [:]
        for person in next.people {
            let fresh = version(person.name)
            for key in person.keys {
                let old = members[key].flatMap { $0.person == person.name ? $0.since : nil }
                now[key] = Member(person: person.name, since: old ?? fresh)
            }
        }
        members = now
        versions.append(next)
        note(next)
    }

    private mutating func note(_ roster: Roster) {
        var inForce: [ECPublicKey] = []
        for person in roster.people {
            for key in person.keys {
                owners.updateValue(person.name, forKey: key)
                inForce.append(key)
            }
        }
        for key in roster.recovery?.keys ?? [] {
            owners.updateValue(nil, forKey: key)
            inForce.append(key)
        }
        let known = Set(inForce)
        keys = inForce + keys.filter { !known.contains($0) }
    }
}
