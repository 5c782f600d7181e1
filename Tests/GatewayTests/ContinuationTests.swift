import Seeded
import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Routing
import Testing
import Wire

/// An answer that breaks off, and goes on with another candidate.
@Suite(.serialized) struct ContinuationTests {
    static let text = "The lamp of Köln, the captain said, is a capitol idea 🎉 for all."

    struct Trip: Sendable, CustomTestStringConvertible {
        var speech: Speech
        var first: Relayers.Kind
        var second: Relayers.Kind
        var prefill: Bool
        var testDescription: String { "\(speech) \(first) \(second) \(prefill ? "prefill" : "instruction")" }
    }

    static let trips = Speech.allCases.flatMap { speech in
        Relayers.Kind.allCases.flatMap { first in
            Relayers.Kind.allCases.flatMap { second in
                [true, false].map { Trip(speech: speech, first: first, second: second, prefill: $0) }
            }
        }
    }

    private static func reciting(_ kind: Relayers.Kind, _ id: String) -> ReplayLane.Script {
        let reciter = Reciter(kind: kind, text: text, id: id)
        return .reading { .events([reciter.bytes($0)]) }
    }

    enum Ending: CaseIterable, Sendable { case cut, clean, stalled, garbage, error }

    private static func broken(_ part: ByteBuffer, _ ending: Ending, _ kind: Relayers.Kind) -> ReplayLane.Script {
        let events = ReplayLane.Script.events(part.readableBytes == 0 ? [] : [part])
        switch ending {
        case .cut: return .breaking(.cut, after: events)
        case .clean: return events
        case .stalled: return .breaking(.stalled, after: events)
        case .garbage: return .events([part, ByteBuffer(string: "\n\ndata: {not json\n\n")])
        case .error:
            let error = #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#
            let name = kind == .anthropic ? "event: error\n" : ""
            return .events([part, ByteBuffer(string: "\n\n\(name)data: \(error)\n\n")])
        }
    }

    @Test("an answer that is cut at any byte is lost, doubled, or looks like two", arguments: trips)
    func everyCut(_ trip: Trip) async throws {
        let whole = Reciter(kind: trip.first, text: Self.text, id: "first").stream(Self.text)
        // Every byte where it is cut on the way; which of the candidates goes
        // on makes no difference to that, and other endings take the same way.
        let isEveryByte = trip.second == .openai && trip.prefill
        for (number, ending) in Ending.allCases.enumerated() {
            let step = ending == .cut ? (isEveryByte ? 1 : 13) : 23 + number
            for offset in stride(from: 0, through: whole.readableBytes, by: step) {
                let part = whole.getSlice(at: 0, length: offset)!
                guard try Events(part).terminals == 0 else { continue }
                let house = Relayers(
                    [
                        (trip.first, Self.broken(part, ending, trip.first)),
                        (trip.second, Self.reciting(trip.second, "second")),
                    ],
                    prefill: trip.prefill)
                let heard = await house.ask(trip.speech)
                guard heard.text == Self.text, heard.isWhole, heard.terminals == 1, heard.errors == 0,
                    heard.finishes == [.endTurn], heard.starts.count == 1, heard.problem == nil
                else {
                    Issue.record("\(ending) after \(offset) bytes: \(heard)")
                    return
                }
            }
        }
    }

    @Test("who can't go on is told as a success", arguments: trips.filter(\.prefill))
    func nobody(_ trip: Trip) async throws {
        let whole = Reciter(kind: trip.first, text: Self.text, id: "first").stream(Self.text)
        for offset in stride(from: 0, through: whole.readableBytes, by: 17) {
            let part = whole.getSlice(at: 0, length: offset)!
            guard try Events(part).terminals == 0 else { continue }
            let house = Relayers([
                (trip.first, Self.broken(part, .cut, trip.first)),
                (trip.second, .failing(.unreachable("nobody listens"))),
            ])
            let heard = await house.ask(trip.speech)
            // A finish reason makes it whole: nothing but the end was missing.
            if heard.finishes.isEmpty {
                #expect(!heard.looksWhole && Self.text.hasPrefix(heard.text), "\(offset): \(heard)")
            } else {
                #expect(heard.text == Self.text && heard.terminals == 1, "\(offset): \(heard)")
            }
            #expect(heard.isWhole && heard.problem == nil)
        }
    }

    @Test("what the two have cost is not added up", arguments: Speech.allCases)
    func usage(_ speech: Speech) async throws {
        let whole = Reciter(kind: .openai, text: Self.text, id: "first").stream(Self.text)
        let part = whole.getSlice(at: 0, length: whole.readableBytes / 2)!
        let house = Relayers([
            (.openai, Self.broken(part, .cut, .openai)), (.anthropic, Self.reciting(.anthropic, "second")),
        ])
        let extra = speech == .openai ? ",\"stream_options\":{\"include_usage\":true}" : ""
        let heard = await house.ask(speech, extra: extra)
        let record = try #require(house.house.book.last)
        let costs = record.attempts.compactMap(\.usage)
        #expect(costs.count == 2 && costs[1] == Usage(input: 7, output: 9))
        #expect(heard.usage?.output == costs[0].output + 9 && heard.usage?.input == costs[0].input + 7)
        #expect(record.usage?.total == heard.usage?.total)
        #expect(record.handOvers.map(\.by) == ["p1/m-p1"] && record.servedBy == "p0/m-p0")
    }

    @Test("the rest is asked for with more tokens than are left")
    func tokens() async throws {
        let whole = Reciter(kind: .openai, text: Self.text, id: "first").stream(Self.text)
        let part = whole.getSlice(at: 0, length: whole.readableBytes / 2)!
        let house = Relayers([(.openai, Self.broken(part, .cut, .openai)), (.openai, Self.reciting(.openai, "second"))])
        _ = await house.ask(.openai)
        let asked = try JSONDocument(try #require(house.lanes[1].requests.value.first).body).root
        let most = try #require((asked["max_tokens"] ?? asked["max_completion_tokens"])?.int)
        #expect(most > 0 && most < 50)
    }

    @Test("an answer that has used up its tokens goes on for ever")
    func outOfTokens() async throws {
        let long = String(repeating: "word and more ", count: 40)
        let whole = Reciter(kind: .openai, text: long, id: "first").stream(long)
        let part = whole.getSlice(at: 0, length: whole.readableBytes * 3 / 4)!
        let house = Relayers([(.openai, Self.broken(part, .cut, .openai)), (.openai, .silent)])
        let heard = await house.ask(.openai)
        #expect(heard.finishes == [.length] && heard.terminals == 1 && house.lanes[1].requests.value.isEmpty)
    }

    /// Three candidates, faults at random: whatever happens, the caller hears
    /// one beginning, at most one end, and never a word twice or too few of
    /// an answer that looks whole.
    @Test("10,000 random faults break a promise", arguments: [UInt64.random(in: 0...UInt64.max), 1])
    func randomFaults(seed: UInt64) async throws {
        print("seed \(seed)")
        var random = SplitMix(seed: seed)
        var steps = 0
        var served = 0
        while steps < 10_000 {
            var candidates: [(kind: Relayers.Kind, script: ReplayLane.Script)] = []
            var canServe = false
            for number in 0..<3 {
                let kind = Relayers.Kind.allCases.randomElement(using: &random)!
                let reciter = Reciter(kind: kind, text: Self.text, id: "c\(number)")
                let ending = Ending.allCases.randomElement(using: &random)!
                let share = Double.random(in: 0...1, using: &random)
                let size = Int.random(in: 1...400, using: &random)
                steps += 1
                switch Int.random(in: 0..<6, using: &random) {
                case 0: candidates.append((kind, .failing(.unreachable("nobody listens"))))
                case 1:
                    candidates.append((kind, .json(#"{"error":{"message":"no","type":"server_error"}}"#, status: 500)))
                case 2, 3:
                    candidates.append(
                        (
                            kind,
                            .reading { request in
                                let bytes = reciter.bytes(request)
                                let part = bytes.getSlice(at: 0, length: Int(Double(bytes.readableBytes) * share))!
                                return Self.broken(part, ending, kind)
                            }
                        ))
                default:
                    canServe = true
                    candidates.append((kind, .reading { .events(reciter.bytes($0).pieces(of: size)) }))
                }
            }
            let house = Relayers(candidates, prefill: Bool.random(using: &random))
            let heard = await house.ask(Speech.allCases.randomElement(using: &random)!)
            let asked = house.lanes.map(\.requests.value.count)
            guard heard.isWhole, heard.problem == nil, heard.terminals <= 1, heard.starts.count <= 1,
                Self.text.hasPrefix(heard.text), !heard.looksWhole || heard.text == Self.text,
                !canServe || heard.looksWhole, heard.looksWhole == (heard.finishes.count == 1),
                asked.allSatisfy({ $0 <= AttemptBounds.most })
            else {
                Issue.record("seed \(seed), step \(steps): \(asked) \(heard)")
                return
            }
            if heard.looksWhole { served += 1 }
        }
        #expect(served > 1000)
    }
}

/// The most attempts that one request may make at one candidate.
enum AttemptBounds { static let most = 5 }

extension ByteBuffer {
    fileprivate func pieces(of size: Int) -> [ByteBuffer] {
        stride(from: 0, to: readableBytes, by: size).map { getSlice(at: $0, length: min(size, readableBytes - $0))! }
    }
}
