import Veto

/// Reads the parameters of a standard's check.
struct StandardCheckReader {
    static let keys = [
        "within", "restarts", "over", "floor", "least", "document", "feed", "packages", "prompt", "expect", "every",
        "tokens",
    ]

    let section: Section
    let folder: String
    let documents: [StandardDocument]

    /// - Returns: nil, noted, where something that it needs is missing.
    func read(_ kind: StandardCheck.Kind) -> StandardCheck? {
        for key in Self.keys where section.node(key) != nil && !kind.parameters.contains(key) {
            let known =
                kind.parameters.isEmpty ? "it has no parameters" : "it has \(kind.parameters.joined(separator: ", "))"
            section.error(key, "is no parameter of \(kind.rawValue); \(known)")
        }
        switch kind {
        case .weights: return .weights
        case .custodyReceipt: return .custodyReceipt(within: seconds("within"))
        case .custodyEpoch: return .custodyEpoch
        case .supervisor: return .supervisor
        case .extractionGuard: return .extractionGuard
        case .engine:
            return .engine(
                restarts: section.integer("restarts", in: 0...1000) ?? 5, over: seconds("over") ?? 600)
        case .drill: return .drill(within: seconds("within") ?? 30 * 86_400)
        case .availability: return availability()
        case .document: return document()
        case .advisory: return advisory()
        case .retirement: return .retirement(within: seconds("within") ?? 30 * 86_400)
        case .canary: return canary()
        }
    }

    /// A time of a minute to five years.
    private func seconds(_ key: String) -> Int? {
        guard let duration = section.duration(key) else { return nil }
        let seconds = Int(clamping: duration.components.seconds)
        guard (60...5 * 366 * 86_400).contains(seconds) else {
            section.error(key, "must be from 1m to 1830d")
            return nil
        }
        return seconds
    }

    private func availability() -> StandardCheck? {
        let floor = section.value("floor", "must be more than 0% and at most 100%, such as 95%") { text in
            percentWritten(text).flatMap { $0 > 0 ? $0 : nil }
        }
        if section.node("floor") == nil {
            missing("floor", "the least part of requests that must be answered, such as 95%")
        }
        let over = seconds("over") ?? 600
        if over > 7 * 86_400 { section.error("over", "must be at most 7d") }
        guard let floor else { return nil }
        return .availability(floor: floor, over: over, least: section.integer("least", in: 1...1_000_000) ?? 20)
    }

    private func document() -> StandardCheck? {
        guard let name = section.string("document") else {
            if section.node("document") == nil { missing("document", "a name under `documents`") }
            return nil
        }
        guard let document = documents.first(where: { $0.name == name }) else {
            let known = documents.map(\.name).joined(separator: ", ")
            section.error(
                "document", "is \(quoted(name)); \(known.isEmpty ? "`documents` has none" : "`documents` has \(known)")"
            )
            return nil
        }
        return .document(document)
    }

    private func advisory() -> StandardCheck? {
        guard let node = section.node("feed") else {
            missing("feed", "a feed: {file: PATH}, {url: ADDRESS, key: PATH} or {url: ADDRESS}")
            return nil
        }
        guard let feed = Section(node, name: section.path("feed"), keys: ["file", "url", "key"], notes: section.notes)
        else { return nil }
        let file = feed.string("file").map { resolved($0, in: folder) }
        let key = feed.string("key").map { resolved($0, in: folder) }
        let url = feed.value("url", "must begin with https:// (or http://), and hold no spaces") { text in
            let lower = text.lowercased()
            let isPlain = text.unicodeScalars.allSatisfy { $0.isASCII && $0.value > 0x20 && $0.value < 0x7F }
            return isPlain && (lower.hasPrefix("https://") || lower.hasPrefix("http://")) ? text : nil
        }
        let packages = (section.list("packages") ?? []).compactMap { text -> AdvisoryPackage? in
            if let package = AdvisoryPackage(text.value) { return package }
            section.notes.error(
                text.position,
                "\(section.path("packages")) has \(text.shown); a package is written as PyPI/xllamacpp@2026.10.1")
            return nil
        }
        switch (file, url) {
        case (let file?, nil):
            if key != nil { feed.error("key", "is for a feed by URL; a file of this machine needs none") }
            return .advisory(AdvisoryFeed(.file(file), packages: packages))
        case (nil, let url?): return .advisory(AdvisoryFeed(.url(url, key: key), packages: packages))
        default:
            if feed.node("url") == nil || file != nil {
                section.notes.error(feed.position, "\(feed.name) needs either file or url")
            }
            return nil
        }
    }

    private func canary() -> StandardCheck? {
        for (key, need) in [("prompt", "the question"), ("expect", "a text that the answer must contain")]
        where section.node(key) == nil { missing(key, need) }
        let every = seconds("every") ?? 300
        if every > 86_400 { section.error("every", "must be at most 1d") }
        guard let prompt = section.string("prompt"), let expect = section.string("expect") else { return nil }
        for (key, text) in [("prompt", prompt), ("expect", expect)] where text.utf8.count > 4096 {
            section.error(key, "is over 4 KiB long")
        }
        if expect.allSatisfy(\.isWhitespace) { section.error("expect", "is met by every answer; name a word") }
        return .canary(
            Canary(prompt: prompt, expect: expect, every: every, tokens: section.integer("tokens", in: 1...1024) ?? 64))
    }

    private func missing(_ key: String, _ need: String) {
        section.notes.error(section.position, "\(section.name) needs \(key): \(need)")
    }
}

extension StandardCheck.Kind {
    /// The keys that belong to it.
    fileprivate var parameters: [String] {
        switch self {
        case .weights, .custodyEpoch, .supervisor, .extractionGuard: []
        case .custodyReceipt, .drill, .retirement: ["within"]
        case .engine: ["restarts", "over"]
        case .availability: ["floor", "over", "least"]
        case .document: ["document"]
        case .advisory: ["feed", "packages"]
        case .canary: ["prompt", "expect", "every", "tokens"]
        }
    }
}
