import Conversation
import Crypto
import DialectOpenAI
import Failures
import Foundation
import Gateway
import GatewayTesting
import HoldfastServer
import Ledger
import NIOCore
import Resilience
import Routing
import Supervision
import Synchronization
import Testing
import Wire

/// A recorder that keeps the entries of requests that are over.
final class EntryBook: RequestRecorder {
    struct Entries: Sendable {
        var settled, admitted, withheld: LedgerEntry
        /// Seconds since 1970.
        var time: Int
    }

    private let clock: Watched<Int>
    private let next: (any RequestRecorder)?
    private let kept = Mutex<[Entries]>([])

    /// - Parameter next: a recorder that is told after this one.
    init(_ clock: Watched<Int> = Watched(halfPastTen), then next: (any RequestRecorder)? = nil) {
        self.clock = clock
        self.next = next
    }

    var all: [Entries] { kept.withLock { $0 } }

    func record(_ record: RequestRecord) {
        let time = clock.value
        let entries = Entries(
            settled: .settled(record, prompt: nil, answer: nil, at: time * 1000),
            admitted: .admitted(record, to: "first/m", prompt: nil, at: time * 1000),
            withheld: .withheld(record, at: time * 1000), time: time)
        kept.withLock { $0.append(entries) }
        next?.record(record)
    }

    /// The text of the last request's entry.
    var last: String { all.last.map { text($0.settled) } ?? "no request" }
}

/// Requests as they are put on record.
@Suite struct RequestEntryTests {
    private static let time = halfPastTen * 1000 + 123
    private static let at = #""at":"2026-06-12T10:30:00.123Z""#

    private static func refused(_ problem: APIProblem, _ change: (RequestRecord) -> Void = { _ in }) -> String {
        let record = RequestRecord(refused: "req_1", operation: "chat", door: .openai, keyID: "key_1", problem: problem)
        change(record)
        return text(.settled(record, prompt: nil, answer: nil, at: time))
    }

    /// The entry of a served request in which nothing varies with time.
    private static func timeless(_ entry: String) -> String {
        entry.replacing(/"(first_byte_us|duration_us)":[0-9]+/) { "\"\($0.1)\":0" }
    }

    // MARK: Members

    @Test func aRefusedRequestNamesItsKeyAndTheReasonInAWord() {
        let problem = APIProblem(.limited, "The key's limit of requests is used up.", code: "rate_limit_exceeded")
        #expect(
            Self.refused(problem)
                == #"{"v":2,"kind":"request.settled",\#(Self.at),"id":"req_1","key":"key_1","operation":"chat","#
                + #""door":"openai","status":429,"outcome":"limited","attempts":[],"duration_us":0,"#
                + #""reason":"rate_limit_exceeded"}"#)
    }

    @Test(
        "a reason is on record only where it is a word of Holdfast's own",
        arguments: [
            ("model_withdrawn", true), ("a1_b2", true), (String(repeating: "a", count: 64), true),
            (String(repeating: "a", count: 65), false), ("Not a word", false), ("the field \"MARKER\"", false),
            ("CamelCase", false), ("é", false),
        ])
    func reasons(_ reason: String, _ isOnRecord: Bool) throws {
        let entry = Self.refused(APIProblem(.invalidRequest, "no", code: reason))
        #expect(try member("reason", of: entry) == (isOnRecord ? "\"\(reason)\"" : nil))
    }

    @Test func aServedRequestHasAllThatIsKnownOfIt() async throws {
        let entries = EntryBook()
        await House(recorder: entries).ask()
        #expect(
            Self.timeless(entries.last)
                == #"{"v":2,"kind":"request.settled","at":"2026-06-12T10:30:00.000Z","id":"req_1","#
                + #""key":"\#(try Self.keyID(entries.last))","operation":"chat","door":"openai","route":"talk","#
                + #""served_by":"first/m","status":200,"outcome":"served","attempts":[{"by":"first/m","status":200,"#
                + #""input_tokens":11,"output_tokens":3}],"input_tokens":11,"output_tokens":3,"first_byte_us":0,"#
                + #""duration_us":0}"#)
    }

    private static func keyID(_ entry: String) throws -> String {
        String(try #require(try member("key", of: entry)).dropFirst().dropLast())
    }

    @Test("a stand-in's request says so, and who was passed over is no attempt") func standIn() async throws {
        let entries = EntryBook()
        let house = House(recorder: entries)
        _ = house.book.hold(House.firstPlace, scope: .model, reason: "an audit", by: "ann", now: house.now)
        await house.ask()
        #expect(try member("stand_in", of: entries.last) == "true")
        #expect(try member("served_by", of: entries.last) == "\"second/m\"")
        let attempts = try #require(try member("attempts", of: entries.last))
        #expect(attempts.contains("second/m") && !attempts.contains("first/m"))
        #expect(house.first.requests.value.isEmpty)
    }

    @Test("an attempt that failed has its status, its cause and the rule, and no words") func failures() async throws {
        let entries = EntryBook()
        let house = House(recorder: entries)
        house.first.replay(.json(#"{"error":{"message":"MARKER went wrong","type":"server_error"}}"#, status: 500))
        await house.ask()
        let attempts = try #require(try member("attempts", of: entries.last))
        let first = try #require(try JSONDocument(attempts).root.elements.first { _ in true })
        #expect(first["by"]?.string == "first/m" && first["status"]?.int == 500)
        #expect(first["cause"]?.string == "broken" && first["rule"]?.string?.isEmpty == false)
        #expect(!entries.last.contains("MARKER"))
    }

    @Test("the model's name is on record only where the settings let a key name it") func requested() async throws {
        let entries = EntryBook()
        let house = House(recorder: entries)
        await house.ask("first/m")
        #expect(try member("requested", of: entries.last) == "\"first/m\"")
        #expect(try member("route", of: entries.last) == nil)
        for name in ["MARKER", "first/MARKER", "MARKER/m"] {
            await house.ask(name)
            #expect(try member("outcome", of: entries.last) == "\"refused\"")
            #expect(!entries.last.contains("MARKER"), "\(entries.last)")
        }
        #expect(entries.all.count == 4)
    }

    @Test func tokensOfAGuessAreSaidToBeOne() throws {
        let problem = APIProblem(.badUpstream, "no", code: "broken")
        let none = Self.refused(problem)
        #expect(try member("input_tokens", of: none) == nil && member("tokens_estimated", of: none) == nil)
        let told = Self.refused(problem) { $0.usage = Usage(input: 7, output: 0) }
        #expect(try member("input_tokens", of: told) == "7" && member("output_tokens", of: told) == "0")
        #expect(try member("tokens_estimated", of: told) == nil)
        let guessed = Self.refused(problem) {
            $0.usage = Usage(input: 7, output: 0)
            $0.usageIsEstimate = true
        }
        #expect(try member("tokens_estimated", of: guessed) == "true")
    }

    @Test func thoseWhoWentOnWithAnAnswerAreListed() throws {
        let entry = Self.refused(APIProblem(.badUpstream, "no")) { record in
            record.handOvers = (0..<70).map { HandOver(by: "second/m\($0)", cause: "broken", at: $0) }
        }
        let continued = try #require(try member("continued", of: entry))
        #expect(continued.hasPrefix(#"[{"by":"second/m0","cause":"broken","at":0},{"by":"second/m1","#))
        // More than any plan makes; an entry has a most of bytes.
        #expect(try JSONDocument(continued).root.elements.reduce(0) { sum, _ in sum + 1 } == 64)
    }

    @Test func whatIsSoIsSaidAndWhatIsNotIsLeftOut() throws {
        let flags = ["stream", "late", "stand_in", "custody"]
        let none = try memberNames(of: Self.refused(APIProblem(.badUpstream, "no")))
        #expect(none.allSatisfy { !flags.contains($0) })
        let all = Self.refused(APIProblem(.badUpstream, "no")) { record in
            record.isStream = true
            record.isLate = true
            record.isStandIn = true
            record.custody = "custody_1"
            record.timeToFirstByte = .milliseconds(12)
            record.duration = .seconds(3) + .microseconds(7)
        }
        for flag in ["stream", "late", "stand_in"] { #expect(try member(flag, of: all) == "true") }
        #expect(try member("custody", of: all) == "\"custody_1\"")
        #expect(try member("first_byte_us", of: all) == "12000" && member("duration_us", of: all) == "3000007")
    }

    @Test("a verdict is on record by its ruling, its clauses and its policy, and never by a text")
    func supervised() throws {
        let clause = Clause(id: "no-lamp", text: "Nobody speaks of the lamp.", actions: [.user: .block])
        var verdict = Verdict(
            .block,
            findings: [
                Finding(clause, .block, .user, path: "messages.0.MARKER", block: 0, by: .literal),
                Finding(clause, .flag, .user, path: nil, block: 1, by: .first(.attack)),
            ], reference: "ref_1")
        verdict.policy = PolicyDigest("abc", weights: ["w1", "w2"])
        verdict.coverage.windows = 208
        verdict.coverage.secondStage = 16
        verdict.coverage.unseen = [.image, .file]
        let entry = Self.refused(APIProblem(.invalidRequest, "no")) { record in
            record.outcome = .blocked
            record.supervision = SupervisionRecord(.required)
            record.supervision?.request = .init(verdict)
        }
        #expect(try member("outcome", of: entry) == "\"blocked\"")
        #expect(
            try member("supervision", of: entry)
                == #"{"extent":"partial","policy":"abc","weights":["w1","w2"],"request":{"ruling":"block","#
                + #""clauses":["no-lamp"],"reference":"ref_1","windows":208,"second_stage":16,"#
                + #""unseen":["image","file"]}}"#)
        #expect(!entry.contains("MARKER"))
    }

    @Test("an exchange that wasn't judged is on record as none", arguments: SupervisionPolicy.Level.allCases)
    func notSupervised(_ level: SupervisionPolicy.Level) throws {
        let entry = Self.refused(APIProblem(.unavailable, "no", code: "supervision_unavailable")) { record in
            record.supervision = SupervisionRecord(level)
            record.supervision?.request = .init(Verdict(.error, error: "late"))
        }
        let extent = level == .shadow ? "shadow" : "none"
        #expect(
            try member("supervision", of: entry)
                == #"{"extent":"\#(extent)","request":{"reason":"late","ruling":"error","windows":0,"second_stage":0}}"#
        )
    }

    @Test func digestsStandForWhatWasAskedAndAnswered() throws {
        let (prompt, answer) = (SHA256.hash(data: Array("p".utf8)), SHA256.hash(data: Array("a".utf8)))
        let record = RequestRecord(
            refused: "req_1", operation: "chat", door: .anthropic, keyID: "k",
            problem: APIProblem(.invalidRequest, "no"))
        let entry = text(.settled(record, prompt: prompt, answer: answer, at: Self.time))
        #expect(try member("prompt_sha256", of: entry) == "\"\(Data(prompt).base64EncodedString())\"")
        #expect(try member("answer_sha256", of: entry) == "\"\(Data(answer).base64EncodedString())\"")
        #expect(try member("door", of: entry) == "\"anthropic\"")
    }

    @Test func anAdmittedRequestNamesTheCandidateThatIsAsked() {
        let record = RequestRecord(
            refused: "req_1", operation: "chat", door: .openai, keyID: "key_1",
            problem: APIProblem(.invalidRequest, "no"))
        record.route = "talk"
        let digest = SHA256.hash(data: Array("p".utf8))
        #expect(
            text(.admitted(record, to: "first/m", prompt: digest, at: Self.time))
                == #"{"v":2,"kind":"request.admitted",\#(Self.at),"id":"req_1","key":"key_1","operation":"chat","#
                + #""route":"talk","by":"first/m","prompt_sha256":"\#(Data(digest).base64EncodedString())"}"#)
        #expect(
            text(.withheld(record, at: Self.time))
                == #"{"v":2,"kind":"request.withheld",\#(Self.at),"id":"req_1"}"#)
    }

    // MARK: Secrets

    /// Requests with a caller's words in all kinds of places.
    private static let bodies = [
        #"{"model":"talk","messages":[{"role":"user","content":"MARKER"}],"user":"MARKER"}"#,
        #"{"model":"talk","messages":[{"role":"MARKER","content":"MARKER"}]}"#,
        #"{"model":"talk","messages":"MARKER"}"#, #"{"model":"talk","messages":[],"stream":"MARKER"}"#,
        #"{"model":"talk","messages":[],"tools":[{"type":"MARKER"}],"tool_choice":"MARKER"}"#,
        #"{"model":"talk","messages":[],"stop":["MARKER"],"metadata":{"MARKER":"MARKER"}}"#,
        #"{"model":"MARKER","messages":[]}"#, #"{"model":"second/MARKER","messages":[]}"#, "MARKER", "",
    ]

    /// Answers of all kinds, in which a provider says the same.
    private static let scripts: [ReplayLane.Script] =
        [
            .json(House.answer.replacing("the answer", with: "MARKER")), .json("MARKER"),
            .failing(.garbage("MARKER")), .failing(.unreachable("MARKER")),
        ]
        + [400, 401, 403, 404, 413, 422, 429, 500, 503].map {
            .json(#"{"error":{"message":"MARKER","type":"MARKER","code":"MARKER","param":"MARKER"}}"#, status: $0)
        }

    @Test("no prompt, no answer, no key and no provider's words are in any entry of a request")
    func nothingSecret() async throws {
        for body in Self.bodies {
            for script in Self.scripts {
                let entries = EntryBook()
                let house = House(recorder: entries)
                house.first.replay(script)
                house.second.replay(script)
                // By the provider's name: then nobody waits for a rate limit.
                await house.send(body.replacing("\"talk\"", with: "\"first/m\""))
                let all = try #require(entries.all.first)
                for entry in [all.settled, all.admitted, all.withheld] {
                    let said = text(entry)
                    #expect(!said.contains("MARKER"), "\(body): \(said)")
                    #expect(!said.contains(TestGateway.key) && !said.contains("no entry"))
                }
            }
        }
    }
}
