package import Files
package import Supervision

/// A constitution with its identity, out of a file or as it ships.
package struct ConstitutionFile: Sendable, Hashable {
    package var constitution: Constitution
    /// The SHA-256 of the file's bytes, in hexadecimal digits.
    package var digest: String

    /// The bytes of the one that ships.
    package static let standardBytes: [UInt8] = PackageResources.constitution_yaml

    /// The one that ships.
    package static let standard: ConstitutionFile = {
        let (file, problems) = read(standardBytes, file: "constitution.yaml")
        guard let file else { preconditionFailure("the constitution that ships is broken: \(problems)") }
        return file
    }()

    /// Reads a file; without one, the constitution that ships.
    ///
    /// - Throws: ``FileFault`` where the file can't be read; the problems in it
    ///   are in the result.
    package static func load(_ path: String?) throws(FileFault) -> (ConstitutionFile?, [SettingsIssue]) {
        guard let path else { return (standard, []) }
        return read(try WholeFile.readAll(path, limit: Composer.longestSettings), file: path)
    }

    /// Reads the bytes of a constitution.
    package static func read(_ bytes: [UInt8], file: String) -> (ConstitutionFile?, [SettingsIssue]) {
        let notes = Notes(file: file, environment: [:], readsReferences: false)
        let (root, problems) = Composer(file: file, readsReferences: false).compose(bytes)
        notes.add(problems)
        guard let root, let section = Section(root, name: "", keys: ConstitutionReader.keys, notes: notes) else {
            return (nil, notes.sorted)
        }
        let constitution = ConstitutionReader(section: section).read()
        guard notes.errorCount == 0 else { return (nil, notes.sorted) }
        return (ConstitutionFile(constitution: constitution, digest: PolicyDigest.sha256(bytes)), notes.sorted)
    }
}

/// Reads the mapping that a constitution is.
struct ConstitutionReader {
    static let keys = ["name", "clauses"]
    /// All literals are searched for in one table, which takes memory by their
    /// bytes.
    static let mostLiteralBytes = 32 << 10
    static let mostClauses = 256

    let section: Section

    func read() -> Constitution {
        for key in Self.keys where section.node(key) == nil {
            section.notes.error(section.position, "\(key) is missing")
        }
        var constitution = Constitution(name: section.string("name") ?? "", clauses: [])
        guard let node = section.node("clauses") else { return constitution }
        guard case .list(let nodes) = node.content, !nodes.isEmpty else {
            section.error("clauses", "must be a list of clauses, each with an id, not \(node.kind)")
            return constitution
        }
        if nodes.count > Self.mostClauses {
            section.error("clauses", "has \(nodes.count) clauses; \(Self.mostClauses) are the limit")
        }
        var literalBytes = 0
        for (number, node) in nodes.prefix(Self.mostClauses).enumerated() {
            let name = "clauses[\(number)]"
            guard let entry = Section(node, name: name, keys: ClauseReader.keys, notes: section.notes),
                let clause = ClauseReader(section: entry).read()
            else { continue }
            if constitution.clause(clause.id) != nil {
                entry.error("id", "is \(quoted(clause.id)), which another clause has; ids name clauses in records")
            }
            let before = literalBytes
            literalBytes += clause.literals.reduce(0) { $0 + $1.utf8.count }
            if before <= Self.mostLiteralBytes, literalBytes > Self.mostLiteralBytes {
                entry.error(
                    "literals", "and those before have over \(Self.mostLiteralBytes >> 10) KiB, which is the limit")
            }
            constitution.clauses.append(clause)
        }
        return constitution
    }
}
