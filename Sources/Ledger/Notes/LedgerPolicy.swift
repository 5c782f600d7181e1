/// The logs and witnesses whose checkpoints and cosignatures are accepted (C2SP tlog-policy).
package struct LedgerPolicy: Sendable, Hashable {
    package struct Party: Sendable, Hashable {
        /// The name of a witness; a log's name is the name of its key.
        package var name: String
        package var key: VerifierKey
        package var url: String?

        package init(name: String, key: VerifierKey, url: String? = nil) {
            self.name = name
            self.key = key
            self.url = url
        }
    }

    private struct Group: Sendable, Hashable {
        var needed: Int
        var members: [String]
    }

    package private(set) var logs: [Party] = []
    package private(set) var witnesses: [Party] = []
    private var groups: [String: Group] = [:]
    /// A witness's or a group's name, or `none`.
    package private(set) var quorum = "none"

    /// One log, no witnesses.
    package init(log: VerifierKey) { logs = [Party(name: log.name, key: log)] }

    /// One log, and all of these witnesses.
    package init(log: VerifierKey, witnesses: [Party]) {
        self.init(log: log)
        guard !witnesses.isEmpty else { return }
        self.witnesses = witnesses
        // No name in a policy's file has a space.
        quorum = "all of them"
        groups[quorum] = Group(needed: witnesses.count, members: witnesses.map(\.name))
    }

    /// The same parties, of whom no witness is needed.
    package var withoutQuorum: LedgerPolicy {
        var policy = self
        policy.quorum = "none"
        return policy
    }

    /// - Throws: ``LedgerProblem`` with the line that is wrong.
    package init(_ text: String) throws(LedgerProblem) {
        var hasQuorum = false
        var members: Set<String> = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            func wrong(_ what: String) -> LedgerProblem { LedgerProblem("policy, line \(number + 1): \(what)") }
            guard !line.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
                throw wrong("a control character")
            }
            func isDefined(_ name: String) -> Bool { groups[name] != nil || witnesses.contains { $0.name == name } }
            switch first {
            case "log":
                guard words.count == 2 || words.count == 3, let key = VerifierKey(words[1]), key.kind == .note else {
                    throw wrong("expected `log <vkey> [<url>]`")
                }
                guard !logs.contains(where: { $0.key.publicKey == key.publicKey }) else { throw wrong("a log twice") }
                logs.append(Party(name: key.name, key: key, url: words.count == 3 ? words[2] : nil))
            case "witness":
                guard words.count == 3 || words.count == 4, let key = VerifierKey(words[2]), key.kind == .cosignature
                else { throw wrong("expected `witness <name> <vkey> [<url>]`") }
                guard words[1] != "none", !isDefined(words[1]),
                    !witnesses.contains(where: { $0.key.publicKey == key.publicKey })
                else { throw wrong("a witness or a name twice") }
                witnesses.append(Party(name: words[1], key: key, url: words.count == 4 ? words[3] : nil))
            case "group":
                guard words.count >= 4, words[1] != "none", !isDefined(words[1]) else {
                    throw wrong("expected `group <new name> all|any|<k> <name>...`")
                }
                let named = Array(words[3...])
                let needed = words[2] == "any" ? 1 : words[2] == "all" ? named.count : Int(words[2]) ?? 0
                guard (1...named.count).contains(needed) else { throw wrong("its number is out of bounds") }
                for name in named {
                    guard isDefined(name) else { throw wrong("\"\(name)\" is not defined above") }
                    guard members.insert(name).inserted else { throw wrong("\"\(name)\" is a member twice") }
                }
                groups[words[1]] = Group(needed: needed, members: named)
            case "quorum":
                guard words.count == 2, !hasQuorum, words[1] == "none" || isDefined(words[1]) else {
                    throw wrong("expected one `quorum <name>` of a name defined above")
                }
                quorum = words[1]
                hasQuorum = true
            default: throw wrong("\"\(first)\" is none of log, witness, group, quorum")
            }
        }
        guard hasQuorum else { throw LedgerProblem("the policy has no quorum line; `quorum none` asks for no witness") }
    }

    /// Returns whether the signers include the quorum of witnesses that the policy requires.
    package func isSatisfied(by signers: Set<VerifierKey>) -> Bool {
        quorum == "none" || isWitnessed(quorum, by: signers)
    }

    private func isWitnessed(_ name: String, by signers: Set<VerifierKey>) -> Bool {
        guard let group = groups[name] else {
            return witnesses.contains { $0.name == name && signers.contains($0.key) }
        }
        return group.members.count { isWitnessed($0, by: signers) } >= group.needed
    }
}
