/// The fields that a Claude model takes, as far as its name tells.
///
/// Newer models refuse fields that older ones take, and the other way round;
/// a request that was meant for another maker's model has them by habit. A
/// name that can't be read is taken for one that takes everything.
///
/// https://platform.claude.com/docs/en/about-claude/models/migration-guide
package struct ModelTraits: Equatable {
    /// `temperature`, `top_p`, `top_k`.
    package var takesSampling = true
    /// `output_config.effort`.
    package var takesEffort = true
    /// The effort `xhigh`.
    package var takesExtraHighEffort = true
    /// `thinking: {"type": "adaptive"}`.
    package var takesAdaptiveThinking = true
    /// `thinking.budget_tokens`.
    package var takesBudget = true

    package init(_ model: String) {
        guard let (family, version) = Self.read(model) else { return }
        takesEffort = version >= 46 || family == "opus" && version >= 45
        takesAdaptiveThinking = version >= 46
        takesExtraHighEffort = version >= 47
        takesSampling = !(version >= 50 || family == "opus" && version >= 47)
        takesBudget = takesSampling
    }

    /// Reads `claude-opus-4-7-20260416`, `anthropic.claude-sonnet-4-5-v1:0`,
    /// `anthropic/claude-opus-4.8` and the older `claude-3-5-sonnet-20241022`.
    /// - Returns: the family, and the version in tenths: 47 is 4.7.
    private static func read(_ model: String) -> (family: Substring, version: Int)? {
        guard model.utf8.count <= 256, let start = model.range(ofASCII: "claude-") else { return nil }
        let words = model[start...].split { "-.:@_/".contains($0) }
        var family: Substring?
        var numbers: [Int] = []
        for word in words {
            if let number = Int(word) {
                // A date is no version.
                guard word.utf8.count <= 2, numbers.count < 2 else { break }
                numbers.append(number)
            } else if ["opus", "sonnet", "haiku", "fable", "mythos"].contains(word) {
                guard family == nil else { break }
                family = word
            } else if family != nil || word != "instant" {
                break
            }
        }
        guard let family, let major = numbers.first, major < 100 else { return nil }
        return (family, major * 10 + min(9, numbers.count > 1 ? numbers[1] : 0))
    }
}

extension String {
    /// - Returns: the place behind the first occurrence.
    fileprivate func range(ofASCII word: String) -> String.Index? {
        var place = utf8.startIndex
        while place < utf8.endIndex {
            if utf8[place...].starts(with: word.utf8) { return utf8.index(place, offsetBy: word.utf8.count) }
            place = utf8.index(after: place)
        }
        return nil
    }
}
