import Conversation
import FoundationEssentials
import NIOCore
import Testing
import Wire

/// One line of `Tests/Fixtures/dialects`: what is said in one dialect, and what
/// becomes of it in another.
///
/// `row` names the row of the table that it is of (``CaseSet``), `rule` quotes
/// the page where a sentence says it. `from` and `to` are dialects
/// (``Speakers``): of a request, the caller's and the provider's; of an answer,
/// a stream or an error the other way round.
///
/// - A request has `says`, members beside those that it needs, or `embed`, those
///   of one for embeddings; `model` is the candidate's own. Expected are `sends`
///   (values by their paths), `lacks` (paths) and `names` (all that is left
///   behind); or `refuses`, the field that the candidate can't carry; or
///   `fault`, the field that makes it a 400; both with `because`, words of the
///   reason.
/// - An `answer` of a provider, or the events of a `stream`, has `tells` (values
///   by their paths, of a stream below the array of its events) and `lacks`.
/// - Events of Bedrock's are objects of one member, the event's name; those that
///   a `chunk` carries stand there as they are.
/// - An `error` of a provider has its `status`, and `told`, the caller's, with
///   `tells`.
struct Case: Sendable, CustomTestStringConvertible {
    enum Kind: String, Sendable { case request = "says", embeddings = "embed", answer, stream, error }

    let set: CaseSet
    /// File and line.
    let place: String
    let line: String
    private let document: JSONDocument?

    var testDescription: String { "\(place) \(row ?? rule ?? "")" }

    var row: String? { document?.root["row"]?.string }
    var rule: String? { document?.root["rule"]?.string }
    var from: String { document?.root["from"]?.string ?? "" }
    var to: String { document?.root["to"]?.string ?? "" }

    var kind: Kind? {
        document?.root.members.lazy.compactMap { Kind(rawValue: $0.name.string ?? "") }.first
    }

    /// The sides of its row that it shows.
    var sides: Set<CaseSet.Side> {
        let (door, provider) = isRequest ? (from, to) : (to, from)
        var sides: Set<CaseSet.Side> = []
        if Speakers.page(door) == set.page { sides.insert(.door) }
        if Speakers.page(provider) == set.page { sides.insert(.provider) }
        if kind == .answer { sides.insert(.whole) }
        if kind == .stream { sides.insert(.stream) }
        return sides
    }

    /// True for a request at one of Bedrock's doors.
    var isOfBedrock: Bool { from == "bedrock" || from == "invoke" }

    var isRequest: Bool { kind == .request || kind == .embeddings }

    /// The line, once it is known to be a case that can fail.
    func read() throws -> JSONView {
        let root = try #require(document?.root, "\(place) is not JSON")
        #expect(root.kind == .object)
        let expectations: [String]
        switch try #require(kind, "\(place) says nothing") {
        case .request, .embeddings: expectations = ["sends", "lacks", "names", "refuses", "fault"]
        case .answer, .stream: expectations = ["tells", "lacks"]
        case .error: expectations = ["told"]
        }
        let names = root.members.map { $0.name.string ?? "" }
        try #require(names.contains(where: expectations.contains), "\(place) expects nothing")
        let known = [
            "row", "rule", "from", "to", "model", "says", "embed", "answer", "stream", "include_usage", "status",
            "error", "tells", "told", "because",
        ]
        for name in names { #expect(known.contains(name) || expectations.contains(name), "\(place): \(name)") }
        return root
    }

    /// Holds a value to `sends` or `tells`, and to `lacks`.
    func check(_ value: JSONView, _ expectation: StaticString) throws {
        let root = try read()
        for (path, expected) in root[expectation]?.named ?? [] {
            let found = value.value(at: path)
            #expect(
                found?.says(expected) == true,
                "\(path) is \(found?.fragment.text ?? "not there") in \(value.fragment.text)")
        }
        for path in root["lacks"]?.texts ?? [] {
            #expect(value.value(at: path) == nil, "\(path) is there in \(value.fragment.text)")
        }
    }

    // MARK: All of them

    static let all: [Case] = CaseSet.all.flatMap(cases)

    private static func cases(of set: CaseSet) -> [Case] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.appending(path: "Fixtures/dialects/\(set.file).jsonl")
        let text = (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().filter { !$0.element.isEmpty }
            .map { number, line in
                Case(
                    set: set, place: "\(set.file):\(number + 1)", line: String(line),
                    document: try? JSONDocument(String(line)))
            }
    }
}
