import Routing
import Veto

/// Reads one standard.
struct StandardReader {
    /// Those of every standard.
    private static let common = [
        "id", "subject", "check", "breach", "grace", "return", "steady", "even_the_last", "notify",
    ]
    static let keys = common + StandardCheckReader.keys

    let section: Section
    let folder: String
    let documents: [StandardDocument]
    let house: StandardsHouse

    /// - Returns: nil where it can't be told what it is about.
    func read() -> Standard? {
        for key in ["id", "subject", "check"] where section.node(key) == nil {
            section.notes.error(section.position, "\(section.name) needs \(Self.need(key))")
        }
        guard let id = section.string("id") else { return nil }
        if !isName(id) {
            section.error("id", "must be of letters, digits, \".\", \"_\" and \"-\", not \(quoted(id))")
        }
        let subjects = subjects()
        let kind: StandardCheck.Kind? = section.choice("check")
        guard let kind,
            let check = StandardCheckReader(section: section, folder: folder, documents: documents).read(kind)
        else { return nil }
        var standard = Standard(id: id, subjects: subjects, check: check)
        standard.breach = section.choice("breach") ?? standard.breach
        standard.terms = terms(kind)
        standard.told = told()
        self.check(standard)
        return standard
    }

    private static func need(_ key: String) -> String {
        switch key {
        case "id": "an id, such as drilled-monthly"
        case "subject": "a subject: hosted, models, routes, or model:, lab:, host:, region: or route: with a name"
        default:
            "a check: " + StandardCheck.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        }
    }

    // MARK: Subjects

    private func subjects() -> [StandardSubject] {
        (section.list("subject") ?? []).compactMap { text in
            guard let subject = StandardSubject(text.value) else {
                section.notes.error(
                    text.position,
                    "\(section.path("subject")) has \(text.shown); it may be hosted, models, routes, model:PROVIDER/MODEL, "
                        + "lab:NAME, host:NAME, region:NAME or route:NAME")
                return nil
            }
            if case .scope(let scope) = subject, let objection = objection(to: scope) {
                section.notes.error(text.position, "\(section.path("subject")) has \(text.shown), and \(objection)")
            }
            return subject
        }
    }

    private func objection(to scope: SuspendedScope) -> String? {
        func among(_ names: Set<String>, _ name: String, _ kind: String) -> String? {
            guard !names.contains(name) else { return nil }
            let hint = Spelling.closest(to: name, among: names.sorted()).map { "; did you mean \"\($0)\"?" } ?? ""
            return "the settings have no \(kind) of that name\(hint)"
        }
        switch scope {
        case .model(let id):
            let provider = id.prefix { $0 != "/" }
            return among(Set(house.providers.keys), String(provider), "provider")
        case .lab(let name): return among(house.labs, name, "lab")
        case .host(let name): return among(house.hosts, name, "host")
        case .region(let name): return among(house.regions, name, "region")
        case .route(let name): return among(house.routes, name, "route")
        case .weights, .key: return "it can't be the subject of a standard"
        }
    }

    // MARK: Terms

    private func terms(_ kind: StandardCheck.Kind) -> Standard.Terms {
        var terms = kind.usualTerms
        terms.grace = seconds("grace", in: 0...7 * 86_400, "from 0s to 7d") ?? terms.grace
        terms.steady = seconds("steady", in: 1...7 * 86_400, "from 1s to 7d") ?? terms.steady
        terms.evenTheLast = section.flag("even_the_last") ?? terms.evenTheLast
        if let word: ReturnWord = section.choice("return") { terms.comesBack = word.value }
        return terms
    }

    private enum ReturnWord: String, CaseIterable {
        case byItself = "by itself"
        case people

        var value: Suspension.Return { self == .people ? .people : .byItself }
    }

    private func seconds(_ key: String, in range: ClosedRange<Int>, _ words: String) -> Int? {
        guard let duration = section.duration(key) else { return nil }
        let seconds = Int(clamping: duration.components.seconds)
        guard range.contains(seconds) else {
            section.error(key, "must be \(words)")
            return nil
        }
        return seconds
    }

    private func told() -> [String] {
        (section.list("notify") ?? []).compactMap { text in
            guard house.webhooks.contains(text.value) else {
                section.notes.error(
                    text.position,
                    "\(section.path("notify")) has \(text.shown), which is no webhook of `alerts`")
                return nil
            }
            return text.value
        }
    }

    // MARK: What is legal and doesn't do what it says

    private func check(_ standard: Standard) {
        if standard.check.kind == .engine, standard.terms.grace < 5 {
            section.error("grace", "must be at least 5s: an engine that restarts in a second is no breach")
        }
        if standard.check.mayOnlyWarn, standard.breach != .warn {
            section.error(
                "breach",
                "is \(standard.breach.rawValue), but anybody on the way can write a feed by URL; give the feed a `key` "
                    + "that signs it, or a `file`, or warn")
        }
        for subject in standard.subjects { check(subject, of: standard) }
        if standard.breach == .warn {
            for key in ["return", "steady", "even_the_last"] where section.node(key) != nil {
                section.notes.warning(
                    section.place(key), "\(section.path(key)) has no effect: with `breach: warn` nothing is suspended")
            }
        }
    }

    private func check(_ subject: StandardSubject, of standard: Standard) {
        let kind = standard.check.kind
        if kind.isOfHostedModels, case .scope(.model(let id)) = subject,
            house.providers[String(id.prefix { $0 != "/" })] == false
        {
            section.error(
                "subject",
                "has \(quoted(subject.text)), which is not hosted here, and \(kind.rawValue) is about hosted models")
        }
        let isOfRoutes: Bool
        switch subject {
        case .routes, .scope(.route): isOfRoutes = true
        case .hosted, .models, .scope: isOfRoutes = false
        }
        if isOfRoutes, standard.breach != .warn, !standard.terms.evenTheLast {
            section.notes.warning(
                section.place("subject"),
                "\(section.path("subject")) has \(quoted(subject.text)): a route that is suspended has no candidate left, "
                    + "so this only warns; name its models, or say `even_the_last: true`")
        }
    }
}
