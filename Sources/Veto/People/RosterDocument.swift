import Crypto
import Encodings
import NIOCore
import Signing
import Wire

/// The one text of a version of the roster.
extension Roster {
    static let type = "https://holdfast/veto/roster/v1"
    /// The most bytes of a roster's text.
    package static let mostBytes = 24 << 10

    /// JSON of fixed member order, without white space. The same roster has the
    /// same bytes.
    package var canonical: [UInt8] {
        var json = JSONWriter()
        write(to: &json)
        return Array(json.buffer.readableBytesView)
    }

    /// SHA-256 of ``canonical``.
    package var digest: [UInt8] { Array(SHA256.hash(data: canonical)) }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("_type", Self.type)
            json.member("version", version)
            json.member("installation", installation)
            if let previous {
                json.member("previous", Hex.encode(previous))
            } else {
                json.null("previous")
            }
            json.member("threshold", threshold)
            json.array("people") { json in
                for person in people {
                    json.object { json in
                        json.member("name", person.name)
                        json.array("keys") { json in for key in person.keys { json.value(key.pem) } }
                    }
                }
            }
            if let recovery {
                json.object("recovery") { json in
                    json.member("threshold", recovery.threshold)
                    json.array("keys") { json in for key in recovery.keys { json.value(key.pem) } }
                }
            } else {
                json.null("recovery")
            }
        }
    }

    static let members: [StaticString] = [
        "_type", "version", "installation", "previous", "threshold", "people", "recovery",
    ]

    /// Reads a roster that is a whole file, as ``canonical`` writes it; nothing
    /// else is taken.
    /// - Throws: ``VetoRefusal/malformed(_:)``.
    package init(_ bytes: [UInt8]) throws(VetoRefusal) {
        guard bytes.count <= Self.mostBytes else {
            throw .malformed("the roster is larger than \(Self.mostBytes) bytes")
        }
        self = try VetoRefusal.reading { () throws(SigningProblem) in
            try RosterFields(try StrictObject(bytes, "the roster", members: Self.members))
        }.roster()
        guard canonical == bytes else {
            throw .malformed("the roster is not written in its one form: no white space, people sorted by name")
        }
    }

    init(_ object: StrictObject) throws(VetoRefusal) {
        self = try VetoRefusal.reading { () throws(SigningProblem) in try RosterFields(object) }.roster()
    }
}

/// The members of a roster's text, before the rules are checked.
private struct RosterFields {
    var version: Int
    var installation: String
    var previous: [UInt8]?
    var threshold: Int
    var people: [Roster.Person] = []
    var recovery: Roster.Recovery?

    init(_ object: StrictObject) throws(SigningProblem) {
        try object.must("_type", be: Roster.type)
        version = try object.whole("version", in: 1...Roster.greatestVersion)
        installation = try object.string("installation")
        previous = try object.isNull("previous") ? nil : try object.sha256("previous")
        threshold = try object.whole("threshold", in: 1...99)
        for element in try object.elements("people") {
            guard people.count < Roster.mostPeople else {
                throw .malformed("\(object.what) has more than \(Roster.mostPeople) people")
            }
            let person = try StrictObject(element, "a person of the roster", members: ["name", "keys"])
            people.append(Roster.Person(name: try person.string("name"), keys: try Self.keys(person)))
        }
        guard try !object.isNull("recovery") else { return }
        let sealed = try object.object("recovery", members: ["threshold", "keys"])
        recovery = Roster.Recovery(
            keys: try Self.keys(sealed), threshold: try sealed.whole("threshold", in: 1...99))
    }

    private static func keys(_ object: StrictObject) throws(SigningProblem) -> [ECPublicKey] {
        var keys: [ECPublicKey] = []
        for element in try object.elements("keys") {
            guard let text = element.string, keys.count < Roster.mostKeys else {
                throw .malformed("\(object.what)'s `keys` are no list of PEM texts, or too many")
            }
            keys.append(try ECPublicKey(pem: text))
        }
        return keys
    }

    func roster() throws(VetoRefusal) -> Roster {
        try Roster(
            version: version, installation: installation, previous: previous, threshold: threshold, people: people,
            recovery: recovery)
    }
}

extension VetoRefusal {
    /// Does some reading, and gives its faults as ``malformed(_:)``.
    static func reading<T>(_ work: () throws(SigningProblem) -> T) throws(VetoRefusal) -> T {
        do { return try work() } catch { throw .malformed(error.what) }
    }
}
