import Crypto
import Encodings
package import Signing

/// One version of the people who may order and end suspensions.
///
/// A value exists only if it holds the rules: two or more people, each with a
/// key of their own, none of them a recovery key.
package struct Roster: Sendable, Hashable {
    package struct Person: Sendable, Hashable {
        /// 1 to 64 of `a` to `z`, `0` to `9`, `.`, `_`, `-` and `@`, so that no
        /// two names look the same.
        package let name: String
        /// One or more, on P-256 or P-384.
        package let keys: [ECPublicKey]

        package init(name: String, keys: [ECPublicKey]) { (self.name, self.keys) = (name, keys) }
    }

    /// The sealed keys that may replace the roster, after a day, and do nothing
    /// else.
    package struct Recovery: Sendable, Hashable {
        package let keys: [ECPublicKey]
        /// The number of keys that must sign.
        package let threshold: Int

        package init(keys: [ECPublicKey], threshold: Int) { (self.keys, self.threshold) = (keys, threshold) }
    }

    /// The most people; an envelope holds a signature of each.
    package static let mostPeople = SignedEnvelope.mostSignatures
    /// The most keys of people together.
    package static let mostKeys = 48
    /// The greatest version.
    package static let greatestVersion = 9999

    /// Counts from 1.
    package let version: Int
    /// The key hash of the ledger's log, or 64 random digits where there is no
    /// ledger; the same in all versions.
    package let installation: String
    /// SHA-256 of the version before; nil in version 1.
    package let previous: [UInt8]?
    /// The number of people who must sign the next version; 2 or more. A
    /// restoration takes two people, whatever this is.
    package let threshold: Int
    /// In the order of their names.
    package let people: [Person]
    package let recovery: Recovery?

    /// - Throws: ``VetoRefusal/malformed(_:)`` where a rule is broken.
    package init(
        version: Int = 1, installation: String, previous: [UInt8]? = nil, threshold: Int = 2, people: [Person],
        recovery: Recovery? = nil
    ) throws(VetoRefusal) {
        guard (1...Self.greatestVersion).contains(version), (version == 1) == (previous == nil),
            previous.map({ $0.count == SHA256.byteCount }) ?? true
        else { throw .malformed("the roster's version and the digest of the one before it don't agree") }
        guard Self.isInstallation(installation) else {
            throw .malformed("the roster's installation is not 64 small hexadecimal digits")
        }
        self.version = version
        self.installation = installation
        self.previous = previous
        self.threshold = threshold
        self.people = people.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.recovery = recovery
        try Self.check(self.people, threshold)
        try Self.check(self.people, recovery)
    }

    /// The keys of all people, in their order.
    package var peoplesKeys: [ECPublicKey] { people.flatMap(\.keys) }

    /// The version that follows this one.
    package func next(
        threshold: Int, people: [Person], recovery: Recovery?
    ) throws(VetoRefusal) -> Roster {
        try Roster(
            version: version + 1, installation: installation, previous: digest, threshold: threshold, people: people,
            recovery: recovery)
    }

    static func hex(_ digest: [UInt8]) -> String { Hex.encode(digest) }

    static func isInstallation(_ text: String) -> Bool { text.utf8.count == 64 && Hex.decode(text) != nil }

    /// Returns whether a text may be a person's name.
    package static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        return (1...64).contains(bytes.count)
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: byte == 0x2E || byte == 0x5F || byte == 0x2D || byte == 0x40
                }
            }
    }

    private static func check(_ people: [Person], _ threshold: Int) throws(VetoRefusal) {
        guard people.count <= mostPeople, people.reduce(0, { $0 + $1.keys.count }) <= mostKeys else {
            throw .malformed("a roster has \(mostPeople) people and \(mostKeys) keys at most")
        }
        guard (2...mostPeople).contains(threshold), people.count >= threshold else {
            throw .malformed(
                "a roster has a threshold of 2 or more, and as many people or more; this one has "
                    + "\(threshold) and \(people.count)")
        }
        var names: Set<String> = []
        var keys: Set<ECPublicKey> = []
        for person in people {
            guard isName(person.name) else {
                throw .malformed(
                    "\(Printable.quoted(person.name)) is no name of a person: use 1 to 64 of a-z, 0-9, ., _, - and @")
            }
            guard names.insert(person.name).inserted else { throw .malformed("\(person.name) is there twice") }
            guard !person.keys.isEmpty else { throw .malformed("\(person.name) has no key") }
            for key in person.keys {
                try check(key, of: person.name)
                guard keys.insert(key).inserted else {
                    throw .malformed("the key \(key.hint) is there twice: each person has keys of their own")
                }
            }
        }
    }

    private static func check(_ people: [Person], _ recovery: Recovery?) throws(VetoRefusal) {
        guard let recovery else { return }
        guard (1...SignedEnvelope.mostSignatures).contains(recovery.keys.count),
            (1...recovery.keys.count).contains(recovery.threshold)
        else {
            throw .malformed(
                "\(recovery.threshold) of \(recovery.keys.count) recovery keys can't be: k of n, with 1 <= k <= n <= "
                    + "\(SignedEnvelope.mostSignatures)")
        }
        var keys: Set<ECPublicKey> = []
        for key in recovery.keys {
            try check(key, of: "recovery")
            guard keys.insert(key).inserted else { throw .malformed("the recovery key \(key.hint) is there twice") }
            guard !people.contains(where: { $0.keys.contains(key) }) else {
                throw .malformed("the recovery key \(key.hint) is a person's: keep them apart")
            }
        }
    }

    private static func check(_ key: ECPublicKey, of owner: String) throws(VetoRefusal) {
        guard key.curveName == "P-256" || key.curveName == "P-384" else {
            throw .malformed("a key of \(owner) is on \(key.curveName): use P-256 or P-384")
        }
    }
}
