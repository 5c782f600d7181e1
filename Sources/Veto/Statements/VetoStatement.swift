import Crypto
import Encodings
import NIOCore
import Signing
import Wire

/// The suspension that a statement is about, as its signer saw it.
package struct VetoTarget: Sendable, Hashable {
    package var number: Int
    /// SHA-256 of the suspension's canonical record.
    package var digest: [UInt8]
    package var scopes: [SuspendedScope]

    package init(number: Int, digest: [UInt8], scopes: [SuspendedScope]) {
        self.number = number
        self.digest = digest
        self.scopes = scopes
    }

    package init(_ suspension: Suspension) {
        self.init(number: suspension.number, digest: suspension.digest, scopes: suspension.scopes)
    }
}

/// The conditions under which a person lets a suspension return.
package struct RestoreConditions: Sendable, Hashable {
    /// Counts the attempts to bring this suspension back, from 1: an approval
    /// counts for one, ``SuspensionStanding/attempt``.
    package var attempt: Int
    /// True where the model may return though it is not shown to be the same as
    /// before.
    package var modelMayDiffer: Bool

    package init(attempt: Int, modelMayDiffer: Bool = false) {
        self.attempt = attempt
        self.modelMayDiffer = modelMayDiffer
    }
}

/// The content of a statement: one decision of people, about one suspension,
/// one order or one version of the roster. docs/veto-statements.md has its text.
package struct VetoStatement: Sendable, Hashable {
    package enum Decision: Sendable, Hashable {
        /// One or more suspensions; their numbers don't count, and are 0 where
        /// they were read.
        case order([Suspension])
        case ratify(VetoTarget)
        case restore(VetoTarget, RestoreConditions)
        /// - Parameter expires: the new end, in seconds since 1970.
        case shorten(VetoTarget, expires: Int)
        /// Version 1 of the roster, signed with every key of its people.
        case found(Roster)
        /// The next version of the roster, by its people.
        case roster(Roster)
        /// The next version of the roster, by recovery keys.
        case replace(Roster)
        /// No to a replacement that is announced.
        case cancel(version: Int, digest: [UInt8])

        /// `order`, `ratify`, `restore`, `shorten`, `found`, `roster`,
        /// `replace`, `cancel`.
        package var name: String {
            switch self {
            case .order: "order"
            case .ratify: "ratify"
            case .restore: "restore"
            case .shorten: "shorten"
            case .found: "found"
            case .roster: "roster"
            case .replace: "replace"
            case .cancel: "cancel"
            }
        }
    }

    static let predicateType = "https://holdfast/veto/v1.0"
    /// The longest time for which a statement is good, in seconds: 7 days.
    package static let longest = 7 * 86_400
    /// The most suspensions of one order.
    package static let mostOfOneOrder = 64

    /// ``Roster/installation``.
    package var installation: String
    /// The version of the roster under which it is signed; 0 for the first.
    package var roster: Int
    /// Seconds since 1970; after that second it counts for nothing.
    package var notAfter: Int
    package var nonce: String
    package var decision: Decision

    package init(
        installation: String, roster: Int, notAfter: Int, nonce: String = Nonce.make(), decision: Decision
    ) {
        self.installation = installation
        self.roster = roster
        self.notAfter = notAfter
        self.nonce = nonce
        self.decision = decision
    }

    /// The number of the suspension that it is about; nil for orders and
    /// rosters.
    package var number: Int? { target?.number }

    package var target: VetoTarget? {
        switch decision {
        case .ratify(let target), .restore(let target, _), .shorten(let target, _): target
        case .order, .found, .roster, .replace, .cancel: nil
        }
    }

    /// The version of the roster that it brings; nil for all others.
    package var brought: Roster? {
        switch decision {
        case .found(let roster), .roster(let roster), .replace(let roster): roster
        case .order, .ratify, .restore, .shorten, .cancel: nil
        }
    }

    /// A statement of version 1 of the roster.
    package init(founding roster: Roster, notAfter: Int, nonce: String = Nonce.make()) {
        self.init(
            installation: roster.installation, roster: 0, notAfter: notAfter, nonce: nonce, decision: .found(roster))
    }

    /// The digest of an order: SHA-256 of the records of its suspensions,
    /// joined by line feeds. For one suspension that is its own digest.
    static func digest(_ suspensions: [Suspension]) -> [UInt8] {
        Array(SHA256.hash(data: Array(suspensions.map(\.record).joined(separator: [0x0A]))))
    }

    var subject: (name: String, digest: [UInt8]) {
        switch decision {
        case .order(let suspensions): ("order", Self.digest(suspensions))
        case .ratify(let target), .restore(let target, _), .shorten(let target, _):
            ("S\(target.number)", target.digest)
        case .found(let roster), .roster(let roster), .replace(let roster):
            ("roster-\(roster.version)", roster.digest)
        case .cancel(let version, let digest): ("roster-\(version)", digest)
        }
    }

    /// The bytes of the in-toto statement. The same statement has the same
    /// bytes, so that people may sign apart.
    /// - Throws: ``VetoRefusal/malformed(_:)`` where it could not be read again.
    package var payload: [UInt8] {
        get throws(VetoRefusal) {
            if let defect { throw .malformed(defect) }
            let subject = subject
            return InTotoStatement.bytes(subject.name, root: subject.digest, predicateType: Self.predicateType) {
                json in
                json.member("installation", installation)
                json.member("roster", roster)
                write(to: &json)
                json.member("not_after", notAfter)
                json.member("nonce", nonce)
            }
        }
    }

    /// The bytes that a key signs: DSSE's pre-authentication encoding of
    /// ``payload``.
    package var preAuthEncoding: [UInt8] {
        get throws(VetoRefusal) { SignedEnvelope.preAuthEncoding(try payload) }
    }

    private func write(to json: inout JSONWriter) {
        if let target {
            json.member("number", target.number)
            json.array("scopes") { json in for scope in target.scopes { json.value(scope.text) } }
            json.object("conditions") { json in
                switch decision {
                case .restore(_, let conditions):
                    json.member("attempt", conditions.attempt)
                    json.member("model_may_differ", conditions.modelMayDiffer)
                case .shorten(_, let expires): json.member("expires", expires)
                case .order, .ratify, .found, .roster, .replace, .cancel: break
                }
            }
        }
        json.member("decision", decision.name)
        switch decision {
        case .order(let suspensions):
            json.array("suspensions") { json in for suspension in suspensions { suspension.writeRecord(to: &json) } }
        case .found(let roster), .roster(let roster), .replace(let roster):
            json.key("document")
            roster.write(to: &json)
        case .ratify, .restore, .shorten, .cancel: break
        }
    }

    /// The rule of the format that this statement breaks.
    var defect: String? {
        if !Roster.isInstallation(installation) { return "the installation is not 64 small hexadecimal digits" }
        let isFirst = if case .found = decision { true } else { false }
        if !(1...Roster.greatestVersion).contains(roster), !(isFirst && roster == 0) {
            return "the roster's version is none"
        }
        if !Suspension.times.contains(notAfter) { return "`not_after` is no time" }
        if !Nonce.isValid(nonce) { return "the nonce is not \(Nonce.length) small hexadecimal digits" }
        if let target {
            if !(1...Suspension.greatestNumber).contains(target.number) { return "the number is none" }
            if target.digest.count != SHA256.byteCount { return "the digest is none" }
            if target.scopes.isEmpty { return "there is no scope" }
        }
        switch decision {
        case .order(let suspensions): return defect(of: suspensions)
        case .restore(_, let conditions): return conditions.attempt < 1 ? "the attempt is none" : nil
        case .shorten(_, let expires): return Suspension.times.contains(expires) ? nil : "the new end is no time"
        case .cancel(let version, let digest):
            return version == roster + 1 && digest.count == SHA256.byteCount ? nil : "it cancels no next version"
        case .found(let next), .roster(let next), .replace(let next):
            if next.version != roster + 1 { return "the roster is not the version after \(roster)" }
            return next.installation == installation ? nil : "the roster is of another installation"
        case .ratify: return nil
        }
    }

    private func defect(of suspensions: [Suspension]) -> String? {
        guard (1...Self.mostOfOneOrder).contains(suspensions.count) else {
            return "an order has 1 to \(Self.mostOfOneOrder) suspensions"
        }
        var nonces: Set<String> = []
        for suspension in suspensions {
            if let defect = suspension.defect { return "a suspension's \(defect)" }
            guard case .person = suspension.orderer else { return "a suspension's orderer is no person" }
            guard suspension.roster == roster else { return "a suspension was ordered under another roster" }
            guard notAfter - suspension.ordered <= Self.longest else { return "the order is good for more than 7 days" }
            guard nonces.insert(suspension.nonce).inserted else { return "two suspensions have one nonce" }
        }
        return nil
    }
}
