import Crypto
import Encodings
import NIOCore
import Signing
package import Wire

/// The canonical record of a suspension: all of it but its number, which is
/// given to it later.
extension Suspension {
    static let type = "https://holdfast/veto/suspension/v1"
    /// The most scopes of one suspension.
    package static let mostScopes = 64
    /// The most bytes of a reason's text.
    package static let longestText = 4000
    /// The longest time that requests may have to finish, in seconds.
    package static let longestDrain = 3600
    /// The times that a record may name, in seconds since 1970.
    package static let times = 1...99_999_999_999
    /// The greatest number of a suspension.
    package static let greatestNumber = 999_999_999

    /// JSON of fixed member order, without white space. The same suspension has
    /// the same bytes, whatever its number.
    package var record: [UInt8] {
        var json = JSONWriter()
        writeRecord(to: &json)
        return Array(json.buffer.readableBytesView)
    }

    /// SHA-256 of ``record``: the digest that people sign.
    package var digest: [UInt8] { Array(SHA256.hash(data: record)) }

    package func writeRecord(to json: inout JSONWriter) {
        json.object { json in
            json.member("_type", Self.type)
            json.array("scopes") { json in for scope in scopes { json.value(scope.text) } }
            json.member("mode", mode.rawValue)
            json.member("drain_limit", drainLimit)
            json.member("may_continue", mayContinue)
            json.object("reason") { json in reason.write(to: &json) }
            json.member("orderer", orderer.text)
            json.member("ordered", ordered)
            if let expires { json.member("expires", expires) } else { json.null("expires") }
            json.member("roster", roster)
            json.member("returns", comesBack.rawValue)
            json.member("nonce", nonce)
        }
    }

    /// Reads a record that is a whole text, as ``record`` writes it.
    /// - Throws: ``VetoRefusal/malformed(_:)``.
    package init(record: [UInt8], number: Int) throws(VetoRefusal) {
        self = try VetoRefusal.reading { () throws(SigningProblem) in
            try Suspension(try StrictObject(record, "the suspension", members: Self.members), number: number)
        }
        guard self.record == record else { throw .malformed("the suspension is not written in its one form") }
    }

    static let members: [StaticString] = [
        "_type", "scopes", "mode", "drain_limit", "may_continue", "reason", "orderer", "ordered", "expires", "roster",
        "returns", "nonce",
    ]

    init(_ object: StrictObject, number: Int) throws(SigningProblem) {
        try object.must("_type", be: Self.type)
        self.init(
            number: number, scopes: try SuspendedScope.list(object), mode: try object.choice("mode"),
            drainLimit: try object.whole("drain_limit", in: 0...Self.longestDrain),
            mayContinue: try object.bool("may_continue"),
            reason: try SuspensionReason(
                try object.object("reason", members: ["code", "basis", "text", "evidence", "public"])),
            orderer: try Self.orderer(object), ordered: try object.whole("ordered", in: Self.times),
            expires: try object.isNull("expires") ? nil : try object.whole("expires", in: Self.times),
            roster: try object.whole("roster", in: 0...Roster.greatestVersion),
            comesBack: try object.choice("returns"), nonce: try object.string("nonce"))
        if let defect { throw .malformed("\(object.what)'s \(defect)") }
    }

    private static func orderer(_ object: StrictObject) throws(SigningProblem) -> Orderer {
        let text = try object.string("orderer")
        if text.hasPrefix("person:") { return .person(String(text.dropFirst("person:".count))) }
        if text.hasPrefix("standard:") { return .standard(String(text.dropFirst("standard:".count))) }
        throw .malformed("\(object.what)'s `orderer` is \(Printable.quoted(text)): person:NAME or standard:ID")
    }

    /// The rule that this suspension breaks; nil where it can be recorded.
    package var defect: String? {
        if scopes.isEmpty || scopes.count > Self.mostScopes {
            return "scopes are none, or more than \(Self.mostScopes)"
        }
        if Set(scopes).count != scopes.count { return "scopes name one twice" }
        if scopes.contains(where: { SuspendedScope($0.text) != $0 }) { return "scopes have one that can't be written" }
        if !(0...Self.longestDrain).contains(drainLimit) {
            return "drain limit is not from 0 to \(Self.longestDrain) s"
        }
        if !Self.times.contains(ordered) { return "time is none" }
        if let expires, expires <= ordered || !Self.times.contains(expires) { return "expiry is not after its order" }
        if !(0...Roster.greatestVersion).contains(roster) { return "roster is no version" }
        if !Nonce.isValid(nonce) { return "nonce is not \(Nonce.length) small hexadecimal digits" }
        switch orderer {
        case .person(let name):
            if !Roster.isName(name) { return "orderer is no name of a person" }
            if comesBack != .people { return "orderer is a person, and so people restore it" }
            if roster == 0 { return "orderer is a person, and there was no roster" }
        case .standard(let id):
            if !(1...128).contains(id.utf8.count) || !Self.isLine(id) { return "orderer is no standard's id" }
        }
        return reason.defect
    }

    /// True for a text without control characters.
    static func isLine(_ text: String) -> Bool {
        !text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
    }
}

extension SuspensionReason {
    func write(to json: inout JSONWriter) {
        json.member("code", code.rawValue)
        if let basis { json.member("basis", basis) } else { json.null("basis") }
        json.member("text", text)
        if let evidence { json.member("evidence", evidence) } else { json.null("evidence") }
        json.member("public", isPublic)
    }

    init(_ object: StrictObject) throws(SigningProblem) {
        self.init(
            try object.choice("code"), basis: try object.isNull("basis") ? nil : try object.string("basis"),
            text: try object.string("text"),
            evidence: try object.isNull("evidence") ? nil : try object.string("evidence"),
            isPublic: try object.bool("public"))
    }

    fileprivate var defect: String? {
        if (code == .legal) != (basis != nil) { return "legal basis is missing, or there is one for another reason" }
        for text in [basis ?? "-", text, evidence ?? "-"] {
            if text.isEmpty || text.utf8.count > Suspension.longestText || !Suspension.isLine(text) {
                return "reason has a text that is empty, longer than \(Suspension.longestText) bytes, or no single line"
            }
        }
        return nil
    }
}

extension SuspendedScope {
    static func list(_ object: StrictObject) throws(SigningProblem) -> [SuspendedScope] {
        var scopes: [SuspendedScope] = []
        for element in try object.elements("scopes") {
            guard let text = element.string, let scope = SuspendedScope(text), scope.text == text,
                scopes.count < Suspension.mostScopes
            else { throw .malformed("\(object.what)'s `scopes` are no list of scopes, or too many") }
            scopes.append(scope)
        }
        return scopes
    }
}

extension StrictObject {
    /// A string that is one of an enumeration's.
    func choice<Choice: RawRepresentable<String>>(_ name: StaticString) throws(SigningProblem) -> Choice {
        let text = try string(name)
        guard let choice = Choice(rawValue: text) else {
            throw .malformed("\(what)'s `\(name)` is \(Printable.quoted(text))")
        }
        return choice
    }
}
