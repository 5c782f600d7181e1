package import NIOCore
import Wire

/// The entries of an advisory file in the form of OSV (ossf.github.io/osv-schema,
/// version 1).
///
/// A file is one entry, a list of entries, or `{"vulns": […]}` as osv.dev
/// answers. It is read strictly: a file of which one entry is malformed is
/// refused as a whole, since a part of a list of dangers reads like safety.
/// Members that the schema has and this doesn't need are not looked at.
package struct Advisories: Sendable {
    /// The reason why a file is refused; a part of a sentence.
    package struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
        package var description: String
    }

    /// The relation of an entry to some packages.
    package enum Match: Sendable, Hashable {
        case none
        /// Open, and about that package.
        case open(id: String, package: String)
        /// Perhaps about that package: the version is unknown, or of a form that
        /// can't be compared.
        case unclear(id: String, package: String)
    }

    private struct Entry: Sendable {
        var id: String
        var affected: [Affected]
    }

    private struct Affected: Sendable {
        var ecosystem, name: String
        var versions: [String]
        var ranges: [Range]
    }

    private struct Range: Sendable {
        enum Event: Sendable {
            case introduced(String)
            case fixed(String)
            case lastAffected(String)
        }

        /// False for commits, which no package's version can be compared with.
        var isOfVersions: Bool
        var events: [Event]
    }

    /// More bytes than any list of what one installation runs.
    package static let longest = 8 << 20
    private static let mostEntries = 20_000
    private static let mostEvents = 1_000

    /// Without withdrawn ones.
    private let entries: [Entry]

    /// The number of entries that are not withdrawn.
    package var count: Int { entries.count }

    /// - Throws: ``Problem`` where it isn't such a file.
    package init(_ bytes: ByteBuffer) throws(Problem) {
        guard bytes.readableBytes <= Self.longest else { throw Problem(description: "it is over 8 MiB long") }
        let document: JSONDocument
        do throws(JSONProblem) {
            document = try JSONDocument(bytes)
        } catch {
            throw Problem(description: "it is not JSON: \(error)")
        }
        let root = document.root
        var list: [JSONView]
        if root.kind == .array {
            list = Array(root.elements.prefix(Self.mostEntries + 1))
        } else if root.kind == .object, let vulns = root["vulns"] {
            guard vulns.kind == .array else { throw Problem(description: "\"vulns\" is not a list") }
            list = Array(vulns.elements.prefix(Self.mostEntries + 1))
        } else if root.kind == .object {
            // osv.dev answers `{}` where there are none.
            list = root.members.contains { _ in true } ? [root] : []
        } else {
            throw Problem(description: "it is neither an entry nor a list of entries")
        }
        guard list.count <= Self.mostEntries else {
            throw Problem(description: "it has over \(Self.mostEntries) entries")
        }
        var entries: [Entry] = []
        for (place, view) in list.enumerated() {
            if let entry = try Self.entry(view, place) { entries.append(entry) }
        }
        self.entries = entries
    }

    /// - Returns: nil for one that is withdrawn.
    private static func entry(_ view: JSONView, _ place: Int) throws(Problem) -> Entry? {
        let name = "entry \(place + 1)"
        guard view.kind == .object else { throw Problem(description: "\(name) is not an object") }
        guard let id = view["id"]?.string, !id.isEmpty, id.utf8.count <= 200 else {
            throw Problem(description: "\(name) has no \"id\"")
        }
        guard view["modified"]?.string != nil else { throw Problem(description: "\(name) has no \"modified\"") }
        if let withdrawn = view["withdrawn"], !withdrawn.isNull {
            guard withdrawn.string != nil else {
                throw Problem(description: "\(name) has a \"withdrawn\" that is no date")
            }
            return nil
        }
        guard let affected = view["affected"], affected.kind == .array else {
            throw Problem(description: "\(name) has no list \"affected\"")
        }
        var all: [Affected] = []
        for one in affected.elements { all.append(try self.affected(one, name)) }
        return Entry(id: id, affected: all)
    }

    private static func affected(_ view: JSONView, _ name: String) throws(Problem) -> Affected {
        guard view.kind == .object, let package = view["package"], let ecosystem = package["ecosystem"]?.string,
            let packageName = package["name"]?.string, !packageName.isEmpty
        else {
            throw Problem(description: "\(name) has an \"affected\" without \"package\", \"ecosystem\" and \"name\"")
        }
        var result = Affected(ecosystem: ecosystem, name: packageName, versions: [], ranges: [])
        for version in try list(view["versions"], "versions", name) {
            guard let text = version.string else { throw Problem(description: "\(name) has a version that is no text") }
            result.versions.append(text)
        }
        for range in try list(view["ranges"], "ranges", name) { result.ranges.append(try self.range(range, name)) }
        return result
    }

    private static func list(_ view: JSONView?, _ member: String, _ name: String) throws(Problem) -> [JSONView] {
        guard let view, !view.isNull else { return [] }
        guard view.kind == .array else { throw Problem(description: "\(name) has a \"\(member)\" that is no list") }
        return Array(view.elements)
    }

    private static func range(_ view: JSONView, _ name: String) throws(Problem) -> Range {
        guard view.kind == .object, let type = view["type"]?.string, let events = view["events"], events.kind == .array
        else { throw Problem(description: "\(name) has a range without \"type\" and \"events\"") }
        guard ["SEMVER", "ECOSYSTEM", "GIT"].contains(type) else {
            throw Problem(description: "\(name) has a range of an unknown type")
        }
        var range = Range(isOfVersions: type != "GIT", events: [])
        for event in events.elements.prefix(mostEvents + 1) {
            if let text = event["introduced"]?.string {
                range.events.append(.introduced(text))
            } else if let text = event["fixed"]?.string {
                range.events.append(.fixed(text))
            } else if let text = event["last_affected"]?.string {
                range.events.append(.lastAffected(text))
            } else if event["limit"]?.string == nil {
                throw Problem(description: "\(name) has an event of an unknown kind")
            }
        }
        guard range.events.count <= mostEvents else {
            throw Problem(description: "\(name) has a range of too many events")
        }
        return range
    }

    // MARK: Matching

    /// The first open entry about one of the packages; else the first of which
    /// that can't be told.
    package func match(_ packages: [AdvisoryPackage]) -> Match {
        var unclear = Match.none
        for entry in entries {
            for affected in entry.affected {
                for package in packages
                where package.isSame(ecosystem: affected.ecosystem, name: affected.name) {
                    switch Self.isAffected(package.version, affected) {
                    case true?: return .open(id: entry.id, package: package.text)
                    case nil where unclear == .none: unclear = .unclear(id: entry.id, package: package.text)
                    default: break
                    }
                }
            }
        }
        return unclear
    }

    /// - Returns: nil where it can't be told.
    private static func isAffected(_ version: String?, _ affected: Affected) -> Bool? {
        // Nothing said about versions: all of them, as OSV has it.
        if affected.versions.isEmpty, affected.ranges.isEmpty { return true }
        guard let version else { return nil }
        if affected.versions.contains(version) { return true }
        var isUnclear = false
        for range in affected.ranges {
            switch isWithin(version, range) {
            case true?: return true
            case nil: isUnclear = true
            case false?: break
            }
        }
        return isUnclear ? nil : false
    }

    /// As OSV's schema evaluates events: in their order of versions, each
    /// `introduced` begins, and each `fixed` or `last_affected` ends.
    private static func isWithin(_ version: String, _ range: Range) -> Bool? {
        guard range.isOfVersions, let wanted = AdvisoryVersion(version) else { return nil }
        var marks: [(version: AdvisoryVersion?, event: Range.Event)] = []
        for event in range.events {
            switch event {
            case .introduced("0"): marks.append((nil, event))
            case .introduced(let text), .fixed(let text), .lastAffected(let text):
                guard let version = AdvisoryVersion(text) else { return nil }
                marks.append((version, event))
            }
        }
        marks.sort { one, other in
            guard let right = other.version else { return false }
            guard let left = one.version else { return true }
            return left < right
        }
        var isIn = false
        for (mark, event) in marks {
            switch event {
            case .introduced: if mark.map({ $0 <= wanted }) ?? true { isIn = true }
            case .fixed: if let mark, mark <= wanted { isIn = false }
            case .lastAffected: if let mark, mark < wanted { isIn = false }
            }
        }
        return isIn
    }
}

/// The state of an advisory feed.
package enum AdvisoryFacts: Sendable {
    /// - Parameter seen: the time at which it was read, in seconds since 1970.
    case read(Advisories, seen: Int)
    case unreadable(String)
}

extension StandardRules {
    /// - Parameter packages: the model's own names, its engine, and those that
    ///   the standard names.
    package static func advisory(
        _ facts: AdvisoryFacts, about packages: [AdvisoryPackage], at now: Int
    ) -> StandardVerdict {
        switch facts {
        case .unreadable(let reason):
            return StandardVerdict(.unknown, "the advisories can't be read: \(reason)", seen: now)
        case .read(let advisories, let seen):
            switch advisories.match(packages) {
            case .open(let id, let package):
                return StandardVerdict(.breached, "\(id) is open for \(package)", seen: seen)
            case .unclear(let id, let package):
                return StandardVerdict(.unknown, "whether \(id) is about \(package) can't be told", seen: seen)
            case .none:
                return StandardVerdict(.met, "none of \(advisories.count) entries is about it", seen: seen)
            }
        }
    }
}
