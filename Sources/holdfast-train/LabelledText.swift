import ArgumentParser
import Files
import FoundationEssentials

/// One text of an evaluation.
struct LabelledText {
    var text: String
    var isPositive: Bool

    init(_ text: String, _ isPositive: Bool) {
        self.text = text
        self.isPositive = isPositive
    }

    private struct Line: Encodable {
        var text: String
        var label: Int
    }

    /// Writes texts as JSON lines.
    static func write(_ texts: [LabelledText], to path: String) throws {
        let encoder = JSONEncoder()
        var bytes: [UInt8] = []
        for text in texts {
            bytes += try encoder.encode(Line(text: text.text, label: text.isPositive ? 1 : 0))
            bytes.append(0x0A)
        }
        do { try WholeFile.replaceDurably(path, with: bytes) } catch {
            complain("\(error)")
            throw ExitCode.cannotCreate
        }
    }
}
