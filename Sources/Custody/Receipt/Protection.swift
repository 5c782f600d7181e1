import Glibc

/// One way in which an engine is shut in, and whether it really is.
package struct Protection: Sendable, Hashable {
    package enum Name: String, Sendable, Hashable, CaseIterable {
        /// A user of its own, or a user namespace.
        case user
        /// No network at all.
        case network
        /// Can gain no rights by executing something, and has none.
        case privileges
        /// Reads and writes no file.
        case files
        /// Can't make the calls that it doesn't need.
        case calls
        /// Leaves no core dump.
        case dumps
        /// Others of its user can't look into it.
        case readers
        /// The engine's memory isn't written to a disk.
        case swap
    }

    package var name: Name
    package var isHeld: Bool
    /// The way in which the protection works, or the reason why it doesn't.
    package var how: String

    package init(name: Name, isHeld: Bool, how: String) { (self.name, self.isHeld, self.how) = (name, isHeld, how) }

    /// Compares the kernel's facts with the engine's own report.
    ///
    /// A protection that can be seen from outside counts only if it is seen. Landlock can't be seen: there the engine's
    /// own report counts, which says that it has tried to open a file.
    static func all(_ facts: ProcessFacts, _ report: EngineReport?) -> [Protection] {
        Name.allCases.map { name in
            let claim = report?.protections[name.rawValue]
            let (isHeld, how) = judge(name, facts, claim)
            return Protection(name: name, isHeld: isHeld, how: how)
        }
    }

    private static func judge(
        _ name: Name, _ facts: ProcessFacts, _ claim: (held: Bool, how: String)?
    ) -> (Bool, String) {
        /// Returns the observed state, with the engine's own description of it.
        func both(_ seen: Bool, _ missing: String) -> (Bool, String) {
            guard seen else { return (false, claim.map { $0.held ? missing : $0.how } ?? missing) }
            return (true, claim?.how ?? "seen in /proc")
        }
        switch name {
        case .user:
            if let user = facts.user, user != geteuid() { return (true, "runs as user \(user)") }
            return (claim?.held ?? false, claim?.how ?? "runs as Holdfast's own user")
        case .network:
            let ours = ProcessFacts.link("/proc/self/ns/net")
            let isOwn = facts.network != nil && ours != nil && facts.network != ours
            if let others = facts.interfaces?.filter({ $0 != "lo" }), !others.isEmpty, isOwn {
                return (false, "its namespace has \(others.sorted().joined(separator: ", "))")
            }
            return both(isOwn, "it shares Holdfast's network")
        case .privileges:
            return both(
                facts.hasNoNewPrivileges && facts.hasNoCapabilities, "it has rights of root's, or can gain some")
        case .files: return (claim?.held ?? false, claim?.how ?? "a program of the operator's reads what it likes")
        case .calls: return both(facts.isFiltered, "no seccomp filter")
        case .dumps: return both(facts.dumpsNoCore, "it may leave a core dump")
        case .readers:
            guard let isDumpable = facts.isDumpable else {
                return (claim?.held ?? false, claim?.how ?? "others of its user can read its memory")
            }
            return both(!isDumpable, "others of its user can read its memory")
        case .swap:
            if !hasSwap { return (true, "this machine has none") }
            return both(facts.locked > 0, "its memory may be written to the swap")
        }
    }

    private static var hasSwap: Bool {
        guard let text = ProcFile.read("/proc/swaps", limit: 64 << 10) else { return true }
        return text.split(separator: "\n").count > 1
    }
}
