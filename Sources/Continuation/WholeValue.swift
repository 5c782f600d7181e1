import Conversation
import Wire

/// Keeps an answer in JSON one value, across a seam: what comes after its
/// end is cut off.
struct WholeValue {
    private var progress = ArgumentsProgress()
    private var text: String

    init(after text: String) {
        self.text = text
        progress.consume(text)
    }

    /// - Returns: The part of `more` that belongs to the value.
    mutating func take(_ more: String) -> String {
        guard !progress.isComplete else { return "" }
        var kept = String.UnicodeScalarView()
        for scalar in more.unicodeScalars {
            progress.consume(String(scalar))
            kept.append(scalar)
            if progress.isComplete { break }
        }
        text += String(kept)
        return String(kept)
    }

    var isWhole: Bool { Self.parses(text) }

    /// Returns whether a text is JSON to its readers, who accept a name that is
    /// given twice.
    static func parses(_ text: String) -> Bool {
        do throws(JSONProblem) {
            _ = try JSONDocument(text)
            return true
        } catch {
            if case .duplicateName = error.reason { return true }
            return false
        }
    }
}
