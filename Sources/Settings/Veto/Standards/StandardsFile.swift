package import Files
import Routing
package import Veto

/// The standards of an installation: what a model, host, lab or route must
/// satisfy to serve, in a file of its own.
package struct StandardsFile: Sendable, Hashable {
    /// In the order of the file.
    package var standards: [Standard]
    /// `documents`, in the order of the file.
    package var documents: [StandardDocument]

    package init(standards: [Standard] = [], documents: [StandardDocument] = []) {
        self.standards = standards
        self.documents = documents
    }

    /// Reads a file.
    ///
    /// - Throws: ``FileFault`` where it can't be read; the problems in it are in
    ///   the result.
    package static func load(_ path: String, in house: StandardsHouse)
        throws(FileFault) -> (StandardsFile?, [SettingsIssue])
    {
        read(try WholeFile.readAll(path, limit: Composer.longestSettings), file: path, in: house)
    }

    /// Reads the bytes of a file.
    ///
    /// - Parameter file: the name in messages; relative paths in it start from
    ///   its folder.
    package static func read(
        _ bytes: [UInt8], file: String, in house: StandardsHouse
    ) -> (StandardsFile?, [SettingsIssue]) {
        // No references: what must hold must not depend on who reads it.
        let notes = Notes(file: file, environment: [:], readsReferences: false)
        let (root, problems) = Composer(file: file, readsReferences: false).compose(bytes)
        notes.add(problems)
        guard let root, let section = Section(root, name: "", keys: ["documents", "standards"], notes: notes) else {
            return (nil, notes.sorted)
        }
        let result = StandardsReader(section: section, folder: folder(of: file), house: house).read()
        return (notes.errorCount == 0 ? result : nil, notes.sorted)
    }
}

/// The names in the settings that standards may use.
package struct StandardsHouse: Sendable, Hashable {
    package var routes: Set<String>
    /// Providers, with true for those whose model is hosted here.
    package var providers: [String: Bool]
    package var labs, hosts, regions: Set<String>
    package var webhooks: Set<String>

    /// The names of the settings.
    package init(_ settings: Settings) {
        let candidates = settings.routes.flatMap(\.candidates)
        routes = Set(settings.routes.map(\.name))
        providers = Dictionary(
            settings.providers.map { provider in
                if case .engine = provider.kind { (provider.name, true) } else { (provider.name, false) }
            }
        ) { first, _ in first }
        labs = Set(settings.providers.compactMap(\.lab) + candidates.compactMap(\.lab))
        hosts = Set(settings.providers.compactMap(\.host) + candidates.compactMap(\.host))
        regions = Set(settings.providers.compactMap(\.region) + candidates.compactMap(\.region))
        webhooks = Set(settings.webhooks.map(\.name))
    }
}

/// Reads the mapping that a file of standards is.
struct StandardsReader {
    static let mostStandards = 256

    let section: Section
    let folder: String
    let house: StandardsHouse

    func read() -> StandardsFile {
        let documents = documents()
        guard let node = section.node("standards") else {
            section.notes.error(
                section.position, "standards is missing: a list such as [{id: drilled, subject: routes, …}]")
            return StandardsFile(documents: documents)
        }
        guard case .list(let nodes) = node.content else {
            section.error("standards", "must be a list of standards, each with an id, not \(node.kind)")
            return StandardsFile(documents: documents)
        }
        if nodes.count > Self.mostStandards {
            section.error("standards", "has \(nodes.count) standards; \(Self.mostStandards) are the limit")
        }
        var standards: [Standard] = []
        for (number, node) in nodes.prefix(Self.mostStandards).enumerated() {
            guard
                let entry = Section(
                    node, name: "standards[\(number)]", keys: StandardReader.keys, notes: section.notes),
                let standard = StandardReader(section: entry, folder: folder, documents: documents, house: house).read()
            else { continue }
            if standards.contains(where: { $0.id == standard.id }) {
                entry.error(
                    "id", "is \(quoted(standard.id)), which another standard has; ids name standards in records")
            }
            standards.append(standard)
        }
        return StandardsFile(standards: standards, documents: documents)
    }

    private func documents() -> [StandardDocument] {
        guard let named = section.named("documents") else { return [] }
        return named.entries.compactMap { entry in
            guard isName(entry.key) else {
                named.notes.error(
                    entry.position,
                    "\(quoted(entry.key)) can't name a document; use letters, digits, \".\", \"_\" and \"-\"")
                return nil
            }
            guard
                let one = Section(
                    entry.value, name: named.path(entry.key), keys: ["kind", "file", "until", "sha256"],
                    notes: named.notes)
            else { return nil }
            return document(one, entry.key)
        }
    }

    private func document(_ one: Section, _ name: String) -> StandardDocument? {
        for key in ["kind", "file", "until"] where one.node(key) == nil {
            one.notes.error(one.position, "\(one.name) needs \(key)")
        }
        let kind: StandardDocument.Kind? = one.choice("kind")
        let sha256 = one.value("sha256", "must be 64 hexadecimal digits") { text in
            text.utf8.count == 64 && text.utf8.allSatisfy(\.isHexDigit) ? text.lowercased() : nil
        }
        guard let kind, let file = one.string("file"), let until = one.moment("until") else { return nil }
        return StandardDocument(
            name: name, kind: kind, file: resolved(file, in: folder), until: until, sha256: sha256)
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool {
        (0x30...0x39).contains(self) || (0x61...0x66).contains(self) || (0x41...0x46).contains(self)
    }
}
