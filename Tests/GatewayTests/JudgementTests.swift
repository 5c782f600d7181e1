import Access
import Conversation
import DialectOpenAI
import Failures
import Foundation
import Gateway
import GatewayTesting
import NIOCore
import Resilience
import Routing
import Seeded
import Synchronization
import Testing
import Wire

/// Callers' words, quoted by a provider, and the callers beside them.
@Suite struct JudgementTests {
    /// A gateway before two providers on a clock that is set by hand.
    private struct Bench: Sendable {
        let house: TestGateway
        let first: ReplayLane
        let seconds = Watched(1000)
        /// The body of the next refusal; nil answers.
        let refusal = Watched<ByteBuffer?>(nil)

        init() {
            let refusal = refusal
            let seconds = seconds
            first = ReplayLane(
                .reading { request in
                    guard request.fields[Gateway.probeField] == nil, let body = refusal.value else {
                        return .json(Sample.openaiReply)
                    }
                    return .answer(status: 400, [body])
                })
            let facts = [
                ProviderFacts(name: "oa", dialect: .openai, models: .listed(["m"])),
                ProviderFacts(name: "spare", dialect: .openai, models: .listed(["m"])),
            ]
            let providers = zip(facts, [first, ReplayLane(.json(Sample.openaiReply))]).map { facts, lane in
                Provider(
                    name: facts.name, dialect: OpenAIDialect(now: { 1_700_000_000 }), lane: lane,
                    embeddings: .served(OpenAIDialect(now: { 1_700_000_000 })))
            }
            house = TestGateway(
                providers: providers, facts: facts,
                routes: [Route(name: "r", candidates: facts.map { $0.candidate(model: "m") })],
                keys: [TestGateway.record(), TestGateway.record("hf_another")],
                continuity: Continuity(keeper: ForgetfulKeeper(), jitter: { .zero }) {
                    Moment(tick: .seconds(seconds.value), unix: 1_577_836_800 + seconds.value)
                })
        }

        func ask(_ body: String, key: String = TestGateway.key) async -> CollectedReply {
            await house.serve(house.call(body, door: OpenAIDialect(now: { 1_700_000_000 }), key: key))
        }

        var isQuiet: Bool {
            let book = house.gateway.continuity.book
            return book.holds.isEmpty
                && book.breakers(now: house.gateway.continuity.now).allSatisfy { $0.state == .closed }
        }
    }

    /// Texts of real failures.
    private static let wordings: [[Unicode.Scalar]] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/failures")
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.filter { $0.pathExtension == "jsonl" }.flatMap { file in
            (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n").compactMap { line in
                guard let document = try? JSONDocument(String(line)),
                    let failure = try? RecordedFailure(line: document)
                else { return nil }
                return Array(String(buffer: failure.symptom.body).unicodeScalars)
            } ?? []
        }
    }()

    private static func request(with echo: String, _ random: inout SplitMix) -> String {
        var json = JSONWriter()
        let position = Int.random(in: 0..<6, using: &random)
        json.object { json in
            json.member("model", "r")
            json.array("messages") { json in
                json.object { json in
                    json.member("role", position == 0 ? echo : "user")
                    json.member("content", position == 1 ? "please \(echo) now" : "hello")
                }
            }
            if position == 2 { json.object("metadata") { $0.member("tag", echo) } }
            if position == 3 { json.member("user", echo) }
            if position == 4 { json.array("stop") { $0.value(echo) } }
            if position == 5 { json.object("response_format") { $0.member("json_schema", "PLACE") } }
        }
        // The name of a property, too.
        var name = ByteBuffer()
        JSONString.append(echo, to: &name)
        return String(buffer: json.buffer).replacing("\"PLACE\"", with: "{\(String(buffer: name)):1}")
    }

    private static func refusal(with echo: String, _ random: inout SplitMix) -> ByteBuffer {
        let message = [
            "Invalid value: '\(echo)'.", "`\(echo)` is unknown", "Unknown tag \"\(echo)\"", "bad request: \(echo)",
            "\(echo) is not one of ours", "messages.0: “\(echo)”, that is no role",
        ].randomElement(using: &random)!
        var json = JSONWriter()
        switch Int.random(in: 0..<5, using: &random) {
        case 0: json.object { $0.member("error", message) }
        case 1: json.object { $0.member("detail", message) }
        case 2: json.object { json in json.array("detail") { json in json.object { $0.member("msg", message) } } }
        case 3: return ByteBuffer(string: message)
        default:
            json.object { json in
                json.object("error") { json in
                    json.member("message", message)
                    json.member("type", "invalid_request_error")
                }
            }
        }
        return json.buffer
    }

    @Test func noCallersWordsOutliveTheirProbe() async {
        let seed = UInt64.random(in: .min ... .max)
        print("JudgementTests seed \(seed)")
        var random = SplitMix(seed: seed)
        let bench = Bench()
        #expect(Self.wordings.count > 50)
        for number in 0..<10_000 {
            let wording = Self.wordings.randomElement(using: &random)!
            let start = Int.random(in: 0..<max(1, wording.count), using: &random)
            let length = Int.random(in: 1...90, using: &random)
            let echo = String(String.UnicodeScalarView(wording[start...].prefix(length)))
            bench.refusal.change { $0 = Self.refusal(with: echo, &random) }
            _ = await bench.ask(Self.request(with: echo, &random))
            // Another key's request, whatever came before.
            bench.refusal.change { $0 = nil }
            if number % 10 == 0 {
                let reply = await bench.ask(
                    #"{"model":"r","messages":[{"role":"user","content":"hello"}]}"#, key: "hf_another")
                #expect(reply.status == 200, "seed \(seed): \(echo)")
                #expect(reply["x-holdfast-served-by"] == "oa/m", "seed \(seed): moved by \(echo)")
                bench.seconds.change { $0 += Int.random(in: 0...3, using: &random) }
                await bench.house.gateway.probeWhatIsDue(on: bench.house.executor)
            }
        }
        bench.seconds.change { $0 += 61 }
        await bench.house.gateway.probeWhatIsDue(on: bench.house.executor)
        #expect(bench.isQuiet, "seed \(seed): \(bench.house.gateway.continuity.book.holds)")
    }

    /// A request that is compared off the event loop ends on it.
    @Test func aLargeRequestIsJudgedElsewhere() async {
        let bench = Bench()
        bench.refusal.change { $0 = ByteBuffer(string: #"{"error":"'invalid api key' is no role"}"#) }
        let filler = String(repeating: "x", count: 2 << 20)
        let reply = await bench.ask(
            #"{"model":"r","messages":[{"role":"invalid api key","content":"\#(filler)"}]}"#)
        #expect(reply.status == 400 && bench.isQuiet)
    }

    @Test(arguments: [(404, "The model `m` has been deprecated"), (410, "gone"), (403, "no access to model m")])
    func aSuspectIsAskedWhenNobodyElseIsFree(status: Int, words: String) async {
        let bench = Bench()
        let body = ByteBuffer(string: #"{"error":{"message":"\#(words)"}}"#)
        bench.first.replay(
            .reading { request in
                request.fields[Gateway.probeField] == nil ? .answer(status: status, [body]) : .silent
            })
        let request = #"{"model":"oa/m","messages":[{"role":"user","content":"hello"}]}"#
        for _ in 0..<3 { #expect(await bench.ask(request).status == status) }
        bench.first.replay(.json(Sample.openaiReply))
        #expect(await bench.ask(request).status == 200)
        #expect(bench.house.gateway.continuity.book.holds.isEmpty, "its answer lifts the hold")
        await bench.house.gateway.endProbes()
    }
}
