import Access
package import Availability
package import Files

/// A contract, as data: a file of its owner's, or a template that comes with
/// Holdfast.
package struct ContractFile: Sendable, Hashable {
    package var contract: Contract
    /// The text that was agreed on, for its hash; nil where none is named.
    package var text: String?

    /// The templates that come with Holdfast: published agreements, each with a note of the part that was read, its
    /// source and the date.
    package static let templates: [(name: String, bytes: [UInt8])] = [
        ("amazon-bedrock", PackageResources.amazon_bedrock_yaml),
        ("azure-openai", PackageResources.azure_openai_yaml),
        ("google-gemini", PackageResources.google_gemini_yaml),
    ]

    /// Reads a contract by a template's name or a file's path.
    ///
    /// - Throws: ``FileFault`` where a file can't be read; what is wrong in it
    ///   is in the result.
    package static func load(_ reference: String) throws(FileFault) -> (ContractFile?, [SettingsIssue]) {
        if let template = templates.first(where: { $0.name == reference }) {
            return read(template.bytes, file: "\(reference).yaml")
        }
        return read(try WholeFile.readAll(reference, limit: Composer.longestSettings), file: reference)
    }

    /// Returns whether a provider's `contract` names a file, and not a template.
    static func isPath(_ reference: String) -> Bool {
        reference.contains("/") || reference.hasSuffix(".yaml") || reference.hasSuffix(".yml")
    }

    /// Reads the bytes of a contract's file.
    package static func read(_ bytes: [UInt8], file: String) -> (ContractFile?, [SettingsIssue]) {
        let notes = Notes(file: file, environment: [:], readsReferences: false)
        let (root, problems) = Composer(file: file, readsReferences: false).compose(bytes)
        notes.add(problems)
        guard let root, let section = Section(root, name: "", keys: ContractReader.keys, notes: notes) else {
            return (nil, notes.sorted)
        }
        let read = ContractReader(section: section, folder: folder(of: file)).read()
        return (notes.errorCount == 0 ? read : nil, notes.sorted)
    }
}

/// Reads the mapping that a contract's file is.
struct ContractReader {
    static let keys = [
        "name", "title", "source", "dated", "read", "text", "formula", "interval", "empty", "bad_share", "least_run",
        "repeat_window", "repeat_unit", "failing", "uncounted", "excluded", "exclusions", "credits", "notice", "claim",
        "submit",
    ]

    private enum Kind: String, CaseIterable {
        case intervalMean = "interval-mean"
        case badMinuteRuns = "bad-minute-runs"
        case attemptsRatio = "attempts-ratio"

        var keys: Set<String> {
            switch self {
            case .intervalMean: ["interval", "empty"]
            case .badMinuteRuns: ["bad_share", "least_run"]
            case .attemptsRatio: ["repeat_window", "repeat_unit"]
            }
        }
    }

    let section: Section
    let folder: String

    func read() -> ContractFile? {
        for key in ["name", "formula", "failing", "credits"] where section.node(key) == nil {
            section.notes.error(section.position, "\(key) is missing")
        }
        guard let name = section.string("name"), let kind: Kind = section.choice("formula") else { return nil }
        if !isName(name) { section.error("name", "must be of letters, digits, \".\", \"_\" and \"-\"") }
        for other in Kind.allCases where other != kind {
            for key in other.keys where section.node(key) != nil {
                section.error(key, "does not go with formula \(kind.rawValue)")
            }
        }
        var contract = Contract(
            name: name, formula: formula(kind), failing: statuses("failing") ?? [], tiers: tiers())
        contract.title = section.string("title") ?? ""
        contract.source = section.string("source") ?? ""
        contract.dated = section.string("dated") ?? section.string("read").map { "read \($0)" } ?? ""
        contract.uncounted = statuses("uncounted") ?? []
        contract.repeatUnit = section.choice("repeat_unit") ?? .model
        contract.excluded = excluded()
        contract.exclusions = section.list("exclusions")?.map(\.value) ?? []
        contract.claim = section.list("claim")?.map(\.value) ?? []
        contract.submit = section.string("submit") ?? ""
        contract.notice = notice()
        var file = ContractFile(contract: contract)
        if let text = section.section("text", keys: ["file", "sha256"]) {
            file.text = text.string("file").map { resolved($0, in: folder) }
            file.contract.textDigest =
                text.value("sha256", "must be 64 hexadecimal digits") { text in
                    text.utf8.count == 64 && text.allSatisfy(\.isHexDigit) ? text.lowercased() : nil
                } ?? ""
        }
        return file
    }

    private func formula(_ kind: Kind) -> Formula {
        switch kind {
        case .intervalMean:
            let empty: Formula.EmptyIntervals? = section.choice("empty")
            return .intervalMean(minutes: minutes("interval", atLeast: 1) ?? 5, empty: empty ?? .available)
        case .badMinuteRuns:
            let share = section.value("bad_share", "must be a part of one such as 0.05, or 5%") { text in
                (percentWritten(text) ?? Double(text)).flatMap { (0..<1).contains($0) ? $0 : nil }
            }
            return .badMinuteRuns(share: share ?? 0.05, run: minutes("least_run", atLeast: 1) ?? 1)
        case .attemptsRatio: return .attemptsRatio(repeatWindow: minutes("repeat_window", atLeast: 0) ?? 0)
        }
    }

    private func minutes(_ key: String, atLeast least: Int64) -> Int? {
        section.value(key, "must be whole minutes, such as 5m") { text in
            guard let duration = Duration(written: text), duration.components.attoseconds == 0,
                duration.components.seconds % 60 == 0, duration.components.seconds / 60 >= least,
                duration.components.seconds <= 31 * 86_400
            else { return nil }
            return Int(duration.components.seconds / 60)
        }
    }

    /// `["500", "502-504"]`
    private func statuses(_ key: String) -> [ClosedRange<Int>]? {
        section.list(key)?.compactMap { text in
            let ends = text.value.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            let range: ClosedRange<Int>? =
                if ends.count == 1, let status = ends[0] {
                    status...status
                } else if ends.count == 2, let low = ends[0], let high = ends[1], low <= high {
                    low...high
                } else {
                    nil
                }
            guard let range, (100...599).contains(range.lowerBound), range.upperBound <= 599 else {
                section.notes.error(
                    text.position, "\(key) lists statuses and ranges such as 500-599, not \(text.shown)")
                return nil
            }
            return range
        }
    }

    private func tiers() -> [Contract.Tier] {
        sections("credits", keys: ["below", "credit"]).compactMap { tier in
            func percent(_ key: String) -> Double? {
                if tier.node(key) == nil { tier.notes.error(tier.position, "\(tier.name) needs \(key)") }
                return tier.value(key, "must be percent, from 0 to 100") { text in
                    Double(text).flatMap { (0...100).contains($0) ? $0 : nil }
                }
            }
            guard let below = percent("below"), let credit = percent("credit") else { return nil }
            return Contract.Tier(below: below, credit: credit)
        }
    }

    private func excluded() -> [Contract.Exclusion] {
        sections("excluded", keys: ["from", "to", "reason"]).compactMap { window in
            func time(_ key: String) -> Int? {
                if window.node(key) == nil { window.notes.error(window.position, "\(window.name) needs \(key)") }
                return window.value(key, "must be a time such as 2026-06-12T00:00:00Z") { UnixTime($0) }
                    .map { Int($0.seconds) }
            }
            guard let from = time("from"), let to = time("to") else { return nil }
            guard from < to else {
                window.error("to", "must be later than from")
                return nil
            }
            return Contract.Exclusion(time: from..<to, reason: window.string("reason") ?? "")
        }
    }

    private func notice() -> Contract.Notice? {
        guard let notice = section.section("notice", keys: ["days", "days_after_month", "months_after"]) else {
            return nil
        }
        let given = notice.entries.map(\.key)
        guard given.count == 1 else {
            section.error("notice", "must have one of days, days_after_month and months_after")
            return nil
        }
        if let days = notice.integer("days", in: 1...3660) { return .daysAfter(days) }
        if let days = notice.integer("days_after_month", in: 1...3660) { return .daysAfterMonth(days) }
        return notice.integer("months_after", in: 1...120).map { .endOfMonthAfter($0) }
    }

    private func sections(_ key: String, keys: [String]) -> [Section] {
        guard let node = section.node(key) else { return [] }
        guard case .list(let nodes) = node.content else {
            section.error(key, "must be a list, not \(node.kind)")
            return []
        }
        return nodes.enumerated().compactMap { number, node in
            Section(node, name: "\(key)[\(number)]", keys: keys, notes: section.notes)
        }
    }
}
