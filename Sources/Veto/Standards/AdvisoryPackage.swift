/// A package, an engine or a model, as advisories name it.
package struct AdvisoryPackage: Sendable, Hashable {
    /// As OSV has it, such as `PyPI`; `model` for models.
    package var ecosystem: String
    package var name: String
    /// Nil where it isn't known.
    package var version: String?

    package init(ecosystem: String, name: String, version: String?) {
        self.ecosystem = ecosystem
        self.name = name
        self.version = version
    }

    /// Reads `PyPI/xllamacpp@2026.10.11549`, or without a version.
    /// - Returns: nil for a text of no such form.
    package init?(_ text: String) {
        guard text.utf8.count <= 300, let slash = text.firstIndex(of: "/"), slash != text.startIndex,
            !text.unicodeScalars.contains(where: { $0.value < 0x21 || $0.value == 0x7F })
        else { return nil }
        var rest = text[text.index(after: slash)...]
        if let at = rest.lastIndex(of: "@"), at != rest.startIndex {
            let version = String(rest[rest.index(after: at)...])
            guard !version.isEmpty else { return nil }
            self.version = version
            rest = rest[..<at]
        }
        guard !rest.isEmpty else { return nil }
        ecosystem = String(text[..<slash])
        name = String(rest)
    }

    /// `PyPI/xllamacpp@2026.10.11549`
    package var text: String { "\(ecosystem)/\(name)" + (version.map { "@\($0)" } ?? "") }

    /// A model's name, as an advisory about it has it: `provider/model`, and the
    /// model's own.
    package static func ofModel(_ id: String, version: String? = nil) -> [AdvisoryPackage] {
        var names = [id]
        if let slash = id.firstIndex(of: "/") { names.append(String(id[id.index(after: slash)...])) }
        return names.map { AdvisoryPackage(ecosystem: "model", name: $0, version: version) }
    }

    /// Returns whether two names are of one package. PyPI's are compared as PEP
    /// 503 says, others without regard to case.
    func isSame(ecosystem other: String, name otherName: String) -> Bool {
        // `Debian:12` is a Debian, as OSV says.
        let family = other.split(separator: ":", maxSplits: 1).first.map(String.init) ?? other
        guard family.lowercased() == ecosystem.lowercased() else { return false }
        return Self.folded(name, family) == Self.folded(otherName, family)
    }

    private static func folded(_ name: String, _ ecosystem: String) -> String {
        let lower = name.lowercased()
        guard ecosystem.lowercased() == "pypi" else { return lower }
        return lower.split { "-_.".contains($0) }.joined(separator: "-")
    }
}

/// A version that can be compared with others of its kind.
///
/// Numbers separated by points, with the endings of PEP 440 (`a1`, `b2`,
/// `rc1`, `.post1`, `.dev1`) and those of SemVer 2.0 (`-alpha.1`). What follows
/// a plus doesn't count.
package struct AdvisoryVersion: Sendable, Comparable {
    private var epoch: Int
    private var release: [Int]
    /// Less is earlier; the release itself is 0 for each.
    private var stage: Stage

    private enum Stage: Sendable, Comparable {
        case development(Int)
        /// `a`, `b`, `rc` with their number.
        case early(Int, Int)
        case semantic(Parts)
        case release
        case post(Int)
    }

    /// The parts of a SemVer pre-release: the first that differs decides, and
    /// fewer are earlier.
    private struct Parts: Sendable, Comparable {
        var all: [Part]

        static func < (one: Parts, other: Parts) -> Bool { one.all.lexicographicallyPrecedes(other.all) }
    }

    /// A part of a SemVer pre-release: numbers come before words.
    private enum Part: Sendable, Comparable {
        case number(Int)
        case word(String)
    }

    /// - Returns: nil for a text that isn't such a version.
    package init?(_ text: String) {
        guard text.utf8.count <= 128, text.unicodeScalars.allSatisfy(\.isASCII) else { return nil }
        var rest = text.lowercased()[...]
        if rest.first == "v" { rest.removeFirst() }
        if let plus = rest.firstIndex(of: "+") { rest = rest[..<plus] }
        epoch = 0
        if let mark = rest.firstIndex(of: "!") {
            guard let number = Self.number(rest[..<mark]) else { return nil }
            epoch = number
            rest = rest[rest.index(after: mark)...]
        }
        release = []
        while let digits = Self.digits(&rest) {
            guard let number = Self.number(digits) else { return nil }
            release.append(number)
            guard rest.first == ".", rest.dropFirst().first?.isNumber == true else { break }
            rest.removeFirst()
        }
        guard !release.isEmpty else { return nil }
        while release.count > 1, release.last == 0 { release.removeLast() }
        guard let stage = Self.stage(rest) else { return nil }
        self.stage = stage
    }

    private static func digits(_ rest: inout Substring) -> Substring? {
        let digits = rest.prefix { ("0"..."9").contains($0) }
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        return digits
    }

    private static func number(_ digits: some StringProtocol) -> Int? {
        digits.allSatisfy { ("0"..."9").contains($0) } ? Int(digits) : nil
    }

    private static func stage(_ rest: Substring) -> Stage? {
        guard !rest.isEmpty else { return .release }
        let word = rest.drop { ".-_".contains($0) }
        let letters = word.prefix(while: \.isLetter)
        let behind = word.dropFirst(letters.count).drop { ".-_".contains($0) }
        let number = behind.isEmpty ? 0 : number(behind)
        switch letters {
        case "a", "alpha": if let number { return .early(0, number) }
        case "b", "beta": if let number { return .early(1, number) }
        case "c", "rc", "pre", "preview": if let number { return .early(2, number) }
        case "post", "rev", "r": if let number { return .post(number) }
        case "dev": if let number { return .development(number) }
        default: break
        }
        guard rest.first == "-", rest.count > 1 else { return nil }
        let parts = rest.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
        guard !parts.contains(where: \.isEmpty) else { return nil }
        return .semantic(
            Parts(all: parts.map { part in Self.number(part).map { Part.number($0) } ?? Part.word(String(part)) }))
    }

    package static func < (one: AdvisoryVersion, other: AdvisoryVersion) -> Bool {
        if one.epoch != other.epoch { return one.epoch < other.epoch }
        for place in 0..<max(one.release.count, other.release.count) {
            let a = place < one.release.count ? one.release[place] : 0
            let b = place < other.release.count ? other.release[place] : 0
            if a != b { return a < b }
        }
        return one.stage < other.stage
    }
}
