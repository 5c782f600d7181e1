import Encodings
package import Signing
import Wire

extension VetoStatement {
    /// Reads what was signed.
    /// - Throws: ``VetoRefusal/malformed(_:)``, or ``VetoRefusal/wrongDigest(_:)``
    ///   where its subject isn't what it carries.
    package init(_ payload: VerifiedPayload) throws(VetoRefusal) { self = try Self(bytes: payload.bytes) }

    private init(bytes: [UInt8]) throws(VetoRefusal) {
        let (statement, subject) = try VetoRefusal.reading { () throws(SigningProblem) in try Self.read(bytes) }
        let decision = try Self.decision(statement, subject)
        self = try VetoRefusal.reading { () throws(SigningProblem) in
            VetoStatement(
                installation: try statement.string("installation"),
                roster: try statement.whole("roster", in: 0...Roster.greatestVersion),
                notAfter: try statement.whole("not_after", in: Suspension.times),
                nonce: try statement.string("nonce"), decision: decision)
        }
        if let defect { throw .malformed(defect) }
        guard self.subject == subject else { throw .wrongDigest(Printable.text(subject.name, most: 40)) }
    }

    /// Reads what may be signed by nobody: only for the choice of the keys with
    /// which a signature is tried, and for people to look at.
    package init(unverified payload: [UInt8]) throws(VetoRefusal) {
        self = try Self(bytes: payload)
    }

    private typealias Subject = (name: String, digest: [UInt8])

    private static func read(_ bytes: [UInt8]) throws(SigningProblem) -> (StrictObject, Subject) {
        let statement = try StrictObject(
            bytes, "the statement", members: ["_type", "subject", "predicateType", "predicate"])
        try statement.must("_type", be: InTotoStatement.type)
        try statement.must("predicateType", be: predicateType)
        let subject = try InTotoStatement.subject(statement)
        let name = try statement.object("predicate", members: nil).string("decision")
        guard let members = members(name) else {
            throw .malformed("the statement's `decision` is \(Printable.quoted(name))")
        }
        return (try statement.object("predicate", members: members), (subject.name, subject.root))
    }

    private static func members(_ decision: String) -> [StaticString]? {
        let all: [StaticString] = ["installation", "roster", "decision", "not_after", "nonce"]
        switch decision {
        case "order": return all + ["suspensions"]
        case "ratify", "restore", "shorten": return all + ["number", "scopes", "conditions"]
        case "found", "roster", "replace": return all + ["document"]
        case "cancel": return all
        default: return nil
        }
    }

    private static func decision(
        _ predicate: StrictObject, _ subject: Subject
    ) throws(VetoRefusal) -> Decision {
        let name = try VetoRefusal.reading { () throws(SigningProblem) in try predicate.string("decision") }
        guard name == "found" || name == "roster" || name == "replace" else {
            return try VetoRefusal.reading { () throws(SigningProblem) in
                try aboutSuspensions(name, predicate, subject)
            }
        }
        let document = try VetoRefusal.reading { () throws(SigningProblem) in
            try predicate.object("document", members: Roster.members)
        }
        let roster = try Roster(document)
        return name == "found" ? .found(roster) : name == "roster" ? .roster(roster) : .replace(roster)
    }

    private static func aboutSuspensions(
        _ name: String, _ predicate: StrictObject, _ subject: Subject
    ) throws(SigningProblem) -> Decision {
        switch name {
        case "order": return .order(try suspensions(predicate))
        case "ratify":
            _ = try predicate.object("conditions", members: [])
            return .ratify(try target(predicate, subject))
        case "restore":
            let conditions = try predicate.object("conditions", members: ["attempt", "model_may_differ"])
            return .restore(
                try target(predicate, subject),
                RestoreConditions(
                    attempt: try conditions.whole("attempt", in: 1...Suspension.greatestNumber),
                    modelMayDiffer: try conditions.bool("model_may_differ")))
        case "shorten":
            let conditions = try predicate.object("conditions", members: ["expires"])
            return .shorten(
                try target(predicate, subject), expires: try conditions.whole("expires", in: Suspension.times))
        default:
            let roster = try predicate.whole("roster", in: 1...Roster.greatestVersion)
            return .cancel(version: roster + 1, digest: subject.digest)
        }
    }

    private static func suspensions(_ predicate: StrictObject) throws(SigningProblem) -> [Suspension] {
        var suspensions: [Suspension] = []
        for element in try predicate.elements("suspensions") {
            guard suspensions.count < mostOfOneOrder else {
                throw .malformed("\(predicate.what) has more than \(mostOfOneOrder) suspensions")
            }
            let object = try StrictObject(element, "a suspension of the order", members: Suspension.members)
            suspensions.append(try Suspension(object, number: 0))
        }
        return suspensions
    }

    private static func target(
        _ predicate: StrictObject, _ subject: Subject
    ) throws(SigningProblem) -> VetoTarget {
        VetoTarget(
            number: try predicate.whole("number", in: 1...Suspension.greatestNumber), digest: subject.digest,
            scopes: try SuspendedScope.list(predicate))
    }
}
