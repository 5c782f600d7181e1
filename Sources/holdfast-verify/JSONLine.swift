import Encodings
import Ledger

/// A JSON object in one line, for programs; the auditor's tool has no library
/// for it.
struct JSONLine {
    private var members: [(name: String, value: String)] = []

    mutating func add(_ name: String, _ text: String) { members.append((name, Self.quoted(text))) }
    mutating func add(_ name: String, _ number: UInt64) { members.append((name, String(number))) }

    mutating func add(_ name: String, _ texts: [String]) {
        members.append((name, "[\(texts.map(Self.quoted).joined(separator: ","))]"))
    }

    mutating func add(_ name: String, _ numbers: [UInt64]) {
        members.append((name, "[\(numbers.map(String.init).joined(separator: ","))]"))
    }

    mutating func add(_ cosignatures: [ShownCosignature]) {
        let shown = cosignatures.map {
            "{\"witness\":\(Self.quoted($0.witness)),\"time\":\($0.time),\"verified\":\($0.isVerified)}"
        }
        members.append(("cosignatures", "[\(shown.joined(separator: ","))]"))
    }

    /// A receipt that is on record; one member holds all of them.
    mutating func add(_ list: String, _ path: String, index: UInt64) {
        let one = "{\"file\":\(Self.quoted(path)),\"index\":\(index)}"
        if let place = members.firstIndex(where: { $0.name == list }) {
            members[place].value = "\(members[place].value.dropLast()),\(one)]"
        } else {
            members.append((list, "[\(one)]"))
        }
    }

    /// - Parameter verdict: stands first.
    func text(verdict: String) -> String {
        let all = [("verdict", Self.quoted(verdict))] + members
        return "{\(all.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ","))}"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\u{0}"..."\u{1F}": quoted += "\\u00\(Hex.encode([UInt8(scalar.value)]))"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
