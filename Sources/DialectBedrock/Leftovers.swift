import Conversation
import DialectAnthropic
import Wire

/// The parts of a Converse request that have no place in the shared terms.
struct Leftovers {
    private(set) var all: [Leftover] = []
    private var hasCachePoint = false

    /// The answer is still what was asked for without it.
    mutating func advisory(_ field: Field) { all.append(Leftover(field.name, isAdvisory: true)) }

    /// Without it, the answer would be another.
    mutating func essential(_ field: Field) { all.append(Leftover(field.name, isAdvisory: false)) }

    /// A cache point may stand in any list; it is said once.
    mutating func cachePoint() {
        guard !hasCachePoint else { return }
        hasCachePoint = true
        all.append(Leftover("cachePoint", isAdvisory: true))
    }

    /// A member that the reader doesn't know. One that says nothing asks for
    /// nothing.
    mutating func unknown(_ name: String, _ value: JSONView, in parent: Field) {
        guard !value.saysNothing else { return }
        essential(parent.member(dynamic: name, value))
    }

    /// A member that the reader doesn't know, where all members are wishes or
    /// tell of what has been.
    mutating func wish(_ name: String, _ value: JSONView, in parent: Field) {
        guard !value.saysNothing else { return }
        advisory(parent.member(dynamic: name, value))
    }
}

extension Field {
    /// The one member of a union, as the API calls an object of which exactly
    /// one member is there.
    func onlyMember(of names: String) throws(APIProblem) -> (name: String, field: Field) {
        let members = try members()
        guard members.count == 1 else { throw problem("Must have exactly one member: \(names).") }
        return (members[0].name, member(dynamic: members[0].name, members[0].value))
    }
}
