import Conversation
import DialectAnthropic
import DialectOpenAI
import Gateway
import GatewayTesting
import NIOCore
import Testing
import Wire

// One after the other: they take a core, and others measure time.
@Suite(.serialized) struct StreamTests {
    struct Way: Sendable, CustomTestStringConvertible {
        var speech: Speech
        var provider: String
        var lineEnd = "\n"
        var testDescription: String { "\(speech) to \(provider) \(lineEnd.debugDescription)" }
        var isSame: Bool { provider == (speech == .openai ? "oa" : "an") }
    }

    static let ways = [
        Way(speech: .openai, provider: "oa"), Way(speech: .anthropic, provider: "an"),
        Way(speech: .openai, provider: "an"),
        Way(speech: .anthropic, provider: "oa"), Way(speech: .openai, provider: "en"),
        Way(speech: .anthropic, provider: "en"),
        Way(speech: .openai, provider: "oa", lineEnd: "\r\n"), Way(speech: .openai, provider: "an", lineEnd: "\r\n"),
        Way(speech: .anthropic, provider: "oa", lineEnd: "\r"),
    ]

    private static func told(
        _ way: Way, _ pieces: [ByteBuffer], by trio: Trio = Trio()
    ) async -> (CollectedReply, FinishedRecord) {
        trio.lane(way.provider).replay(.events(pieces))
        let extra = way.speech == .openai ? ",\"stream_options\":{\"include_usage\":true}" : ""
        let reply = await trio.serve(way.speech.request("to-\(way.provider)", stream: true, extra: extra), way.speech)
        return (reply, trio.record)
    }

    @Test(arguments: ways)
    func aStreamIsTheSameHoweverItIsCut(_ way: Way) async throws {
        let bytes = Sample.stream(way.provider, lineEnd: way.lineEnd)
        let (whole, record) = await Self.told(way, [bytes])
        #expect(whole.status == 200)
        #expect(whole["content-type"]?.hasPrefix("text/event-stream") == true)
        #expect(whole.told.isWhole && whole.told.offences.isEmpty)
        #expect(record.outcome == .served)
        #expect(record.usage == Usage(input: 11, output: 3) && !record.usageIsEstimate)
        #expect(record.timeToFirstByte != nil)
        let events = try Events(whole.told.body)
        #expect(events.terminals == 1 && events.errors == 0 && events.endsClean)
        #expect(whole.text.contains("Hé"))
        if way.isSame { #expect(whole.told.body == bytes) }

        var ways = (0...bytes.readableBytes).map { bytes.cut(at: $0) }
        ways.append(bytes.singly)
        let trio = Trio()
        for (number, pieces) in ways.enumerated() {
            let (cut, record) = await Self.told(way, pieces, by: trio)
            // The last line feed of CRLF may be the provider's to keep.
            let heard = try Events(cut.told.body).events
            guard heard == events.events, cut.told.isWhole, cut.told.offences.isEmpty, record.outcome == .served,
                record.usage == Usage(input: 11, output: 3)
            else {
                Issue.record("cut \(number): \(record.outcome) \(cut.told.offences) \(cut.text.debugDescription)")
                return
            }
        }
    }

    @Test(arguments: ways)
    func everyPieceEndsBetweenTwoEvents(_ way: Way) async throws {
        let (reply, _) = await Self.told(way, Sample.stream(way.provider, lineEnd: way.lineEnd).singly)
        var sent = ByteBuffer()
        for piece in reply.told.pieces {
            sent.writeImmutableBuffer(piece)
            guard try Events(sent).endsClean else {
                Issue.record("a piece ends in the middle: \(String(buffer: sent).suffix(80).debugDescription)")
                return
            }
        }
    }

    @Test(arguments: ways)
    func anEventIsNotHeldBack(_ way: Way) async throws {
        let bytes = Sample.stream(way.provider, lineEnd: way.lineEnd)
        // The provider has said half, and says no more for now.
        let half = bytes.getSlice(at: 0, length: bytes.readableBytes / 2)!
        let trio = Trio(.hanging(after: .events([half])))
        let reply = CollectedReply()
        let call = trio.house.call(way.speech.request("to-\(way.provider)", stream: true), door: way.speech.dialect)
        let gateway = trio.house.gateway
        let task = Task(executorPreference: trio.house.executor) { await gateway.serve(call, reply: reply) }
        try await eventually { reply.text.contains("Hé") }
        task.cancel()
        await task.value
        #expect(trio.record.outcome == .callerGone)
        #expect(try Events(reply.told.body).terminals == 0)
    }

    enum Ending: CaseIterable, Sendable { case failure, clean, stalled }

    /// Returns whether a part of an answer counts as whole: its terminal event
    /// has come, or all of its content and either its cost or a proper end.
    private static func isWhole(_ part: ByteBuffer, of way: Way, _ ending: Ending) throws -> Bool {
        let dialect: any ProviderProtocol = way.provider == "an" ? AnthropicDialect() : OpenAIDialect(now: { 0 })
        var watcher = dialect.makeStreamWatcher()
        var parser = SSEParser()
        parser.feed(part)
        while let event = try parser.next() { watcher.observe(event) }
        if ending == .clean || watcher.observation.usage != nil, let event = parser.finish() {
            let text = String(buffer: event.data)
            if text.hasPrefix("[DONE]") || (try? JSONDocument(text)) != nil { watcher.observe(event) }
        }
        let seen = watcher.observation
        return seen.hasEnded || seen.hasFinished && (ending == .clean || seen.usage != nil)
    }

    /// The fear that this suite is for: an answer that is half and looks
    /// whole.
    @Test(arguments: ways, Ending.allCases)
    func aStreamThatBreaksAnywhereNeverLooksWhole(_ way: Way, _ ending: Ending) async throws {
        let bytes = Sample.stream(way.provider, lineEnd: way.lineEnd)
        for offset in stride(from: 0, through: bytes.readableBytes, by: ending == .failure ? 1 : 3) {
            // A new one each time: a stream that ends too soon has its model
            // held.
            let trio = Trio()
            let part = bytes.getSlice(at: 0, length: offset)!
            let isWhole = try Self.isWhole(part, of: way, ending)
            let events = ReplayLane.Script.events(offset == 0 ? [] : [part])
            trio.lane(way.provider).replay(
                ending == .clean ? events : .breaking(ending == .failure ? .cut : .stalled, after: events))
            let reply = await trio.serve(way.speech.request("to-\(way.provider)", stream: true), way.speech)
            let told = reply.told
            let record = trio.record
            func complain(_ what: String) {
                Issue.record(
                    "\(offset) of \(bytes.readableBytes): \(what): \(record.outcome) \(reply.status) \(reply.text.debugDescription)"
                )
            }
            guard told.offences.isEmpty, told.head != nil, told.isWhole, !told.isAborted else {
                return complain("\(told.offences)")
            }
            if told.pieces.isEmpty {
                // Nothing had been said: then a status says it.
                guard !isWhole, reply.status == 502 || (ending == .stalled && reply.status == 504),
                    record.outcome == .failed,
                    (try? JSONDocument(told.body)) != nil
                else { return complain("no clean error") }
                continue
            }
            let heard = try Events(told.body)
            guard heard.endsClean else { return complain("it ends in the middle of an event") }
            if isWhole {
                guard heard.terminals == 1, heard.errors == 0, record.outcome == .served else {
                    return complain("not whole")
                }
            } else {
                guard heard.terminals == 0 else { return complain("it looks whole") }
                guard heard.endsWithError, heard.errors == 1 else { return complain("no error") }
                guard record.outcome == .truncated, record.attempts.last?.failure != nil else {
                    return complain("recorded")
                }
            }
        }
    }

    static let errorEvents = [
        "oa": "data: {\"error\":{\"message\":\"too much\",\"type\":\"server_error\",\"code\":\"busy\"}}\n\n",
        "en": "data: {\"error\":{\"message\":\"too much\",\"type\":\"server_error\",\"code\":500}}\n\n",
        "an":
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"too much\"}}\n\n",
    ]

    @Test(arguments: ways.prefix(6), [false, true])
    func aProvidersErrorInsideAStreamIsToldOnce(_ way: Way, _ breaks: Bool) async throws {
        let lines = way.provider == "an" ? Sample.anthropicStream : Sample.openaiStream
        let text = lines.prefix(4).joined() + Self.errorEvents[way.provider]!
        let bytes = ByteBuffer(string: text)
        let trio = Trio()
        for offset in 0...bytes.readableBytes {
            let events = ReplayLane.Script.events(bytes.cut(at: offset))
            trio.lane(way.provider).replay(breaks ? .breaking(.cut, after: events) : events)
            let reply = await trio.serve(way.speech.request("to-\(way.provider)", stream: true), way.speech)
            let heard = try Events(reply.told.body)
            guard reply.status == 200, heard.errors == 1, heard.endsWithError, heard.terminals == 0, heard.endsClean,
                reply.text.contains("too much"), trio.record.outcome == .truncated, reply.told.isWhole
            else {
                Issue.record("cut at \(offset): \(trio.record.outcome) \(reply.text.debugDescription)")
                return
            }
        }
    }

    @Test(arguments: ways.prefix(6))
    func nothingFollowsTheEnd(_ way: Way) async throws {
        let end = Sample.stream(way.provider)
        let more = ByteBuffer(string: Self.errorEvents[way.provider]! + String(buffer: end))
        var both = end
        both.writeImmutableBuffer(more)
        for pieces in [[both], [end, more], both.singly] {
            let (reply, record) = await Self.told(way, pieces)
            let heard = try Events(reply.told.body)
            #expect(
                heard.terminals == 1 && heard.errors == 0,
                "\(pieces.count) pieces: \(heard.events.suffix(3).map { String(buffer: $0.data) })")
            #expect(record.outcome == .served)
        }
    }

    @Test(arguments: ways.prefix(6))
    func anEmptyStreamIsAnError(_ way: Way) async throws {
        for pieces in [[], [ByteBuffer(string: ": ping\n\n")], [ByteBuffer(string: "\n\n")]] as [[ByteBuffer]] {
            let trio = Trio(.events(pieces))
            let reply = await trio.serve(way.speech.request("to-\(way.provider)", stream: true), way.speech)
            if reply.told.pieces.isEmpty {
                #expect(reply.status == 502)
            } else {
                let heard = try Events(reply.told.body)
                #expect(heard.endsWithError && heard.terminals == 0)
            }
            #expect(trio.record.outcome == .failed || trio.record.outcome == .truncated)
            // Nobody pays for nothing.
            #expect((trio.record.usage?.total ?? 0) == 0)
        }
    }

    @Test(arguments: ways.prefix(6))
    func aStreamAnsweredWithJSONIsAnError(_ way: Way) async {
        let trio = Trio(.json(Sample.reply(way.provider)))
        let reply = await trio.serve(way.speech.request("to-\(way.provider)", stream: true), way.speech)
        #expect(reply.status == 502)
        #expect(trio.record.outcome == .failed)
        #expect(trio.record.attempts.first?.failure == "garbage")
    }

    @Test(arguments: ways.prefix(6))
    func jsonAnsweredWithAStreamIsAnError(_ way: Way) async {
        let trio = Trio(.events([Sample.stream(way.provider)]))
        let reply = await trio.serve(way.speech.request("to-\(way.provider)"), way.speech)
        #expect(reply.status == 502, "\(reply.text.prefix(100))")
        #expect(trio.record.outcome == .failed)
    }

    @Test(arguments: ways.prefix(6))
    func aHugeEventIsAnErrorAndBoundsMemory(_ way: Way) async throws {
        let lines = way.provider == "an" ? Sample.anthropicStream : Sample.openaiStream
        let start = ByteBuffer(string: lines.prefix(4).joined())
        for text in ["data: " + String(repeating: "x", count: 100_000), String(repeating: ": x\n", count: 50_000)] {
            let trio = Trio(
                .events([start] + ByteBuffer(string: text).cut(at: 5000)), limits: GatewayLimits(streamEvent: 10_000))
            let reply = await trio.serve(way.speech.request("to-\(way.provider)", stream: true), way.speech)
            let heard = try Events(reply.told.body)
            #expect(heard.endsWithError && heard.terminals == 0 && heard.endsClean)
            #expect(trio.record.outcome == .truncated)
            #expect(reply.told.body.readableBytes < 20_000)
        }
        // Before anything was said, a status says it.
        let trio = Trio(
            .events([ByteBuffer(string: "data: " + String(repeating: "x", count: 100_000))]),
            limits: GatewayLimits(streamEvent: 10_000))
        let reply = await trio.serve(way.speech.request("to-\(way.provider)", stream: true), way.speech)
        #expect(reply.status == 502)
    }

    @Test(arguments: ways.prefix(6))
    func anEventThatIsNoneIsAnError(_ way: Way) async throws {
        let lines = way.provider == "an" ? Sample.anthropicStream : Sample.openaiStream
        let bytes = ByteBuffer(string: lines.prefix(4).joined() + "event: content_block_delta\ndata: {nonsense\n\n")
        let trio = Trio(.events([bytes]))
        let reply = await trio.serve(way.speech.request("to-\(way.provider)", stream: true), way.speech)
        let heard = try Events(reply.told.body)
        #expect(heard.terminals == 0 && heard.endsWithError && reply.told.isWhole)
        #expect(trio.record.outcome == .truncated)
    }

    @Test func aLongStreamThatIsAlwaysCutInMidEventCostsNoMemory() async throws {
        let event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"abcdefgh\"}}]}\n\n"
        let piece = ByteBuffer(string: String(event.dropFirst(10)) + event + String(event.prefix(10)))
        let pieces = [ByteBuffer(string: String(event.prefix(10)))] + Array(repeating: piece, count: 2000)
        let trio = Trio(.breaking(.cut, after: .events(pieces)))
        let reply = await trio.serve(Speech.openai.request("to-oa", stream: true))
        let most = reply.told.pieces.map(\.storageCapacity).max() ?? 0
        #expect(reply.told.pieces.count >= 2000)
        #expect(most < 16 * piece.readableBytes, "\(most) bytes kept for pieces of \(piece.readableBytes)")
    }
}
