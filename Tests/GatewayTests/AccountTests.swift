import Access
import Conversation
import Gateway
import GatewayTesting
import NIOCore
import Telemetry
import Testing
import Wire

/// The cost of requests to their keys, and the records of it.
@Suite struct AccountTests {
    private func left(_ trio: Trio) -> Int? { trio.house.principal().remaining(now: .now).tokens }

    /// Within what flows back in a few seconds.
    private func expectCharged(_ tokens: Int, _ trio: Trio, _ location: SourceLocation = #_sourceLocation) {
        let used = 600 - (left(trio) ?? 0)
        #expect(used <= tokens && used > tokens - 3000, "\(used) for \(tokens)", sourceLocation: location)
    }

    private static let limited = [TestGateway.record(limits: RateLimits(tokensPerMinute: 600))]
    private static let dear = Sample.openaiReply.replacingOnce("\"prompt_tokens\":11", "\"prompt_tokens\":20000")
    private static let dearStream = ByteBuffer(
        string: Sample.openaiStream.joined().replacingOnce("\"prompt_tokens\":11", "\"prompt_tokens\":20000"))

    @Test func theRequestsOfAMinuteAreCounted() async {
        let keys = [TestGateway.record(limits: RateLimits(requestsPerMinute: 3)), TestGateway.record("hf_other")]
        let trio = Trio(.json(Sample.openaiReply), keys: keys)
        for _ in 0..<3 { #expect(await trio.serve(Speech.openai.request("to-oa")).status == 200) }
        for speech in Speech.allCases {
            let reply = await trio.serve(speech.request("to-oa"), speech)
            #expect(reply.status == 429)
            #expect((1...20).contains(Int(reply["retry-after"] ?? "") ?? 0))
            #expect(reply.text.contains("requests"))
            #expect(trio.record.outcome == .limited)
            #expect(trio.record.status == 429)
        }
        #expect(await trio.serve(Speech.openai.request("to-oa"), key: "hf_other").status == 200)
        #expect(trio.openai.requests.value.count == 4)
    }

    @Test func tokensAreChargedForWholeAnswers() async {
        for route in ["to-oa", "to-en"] {
            let trio = Trio(.json(Self.dear), keys: Self.limited)
            await trio.serve(Speech.openai.request(route))
            expectCharged(20_003, trio)
        }
    }

    @Test func tokensAreChargedForStreams() async {
        for (speech, route) in [(Speech.openai, "to-oa"), (.anthropic, "to-oa"), (.openai, "to-en")] {
            let trio = Trio(.events([Self.dearStream]), keys: Self.limited)
            await trio.serve(speech.request(route, stream: true), speech)
            expectCharged(20_003, trio)
            #expect(trio.record.usage?.input == 20_000)
        }
    }

    @Test func aCallerWhoLeavesPaysForWhatCameUntilThen() async {
        for (speech, route) in [(Speech.openai, "to-oa"), (.anthropic, "to-oa"), (.openai, "to-en")] {
            // It leaves after the first piece, long before the usage is told.
            let padding = ",\"x\":\"\(String(repeating: "x", count: 80_000))\""
            let body = speech.request(route, stream: true, extra: route == "to-oa" && speech == .openai ? padding : "")
            let trio = Trio(.events(Sample.openaiStream.map { ByteBuffer(string: $0) }), keys: Self.limited)
            await trio.serve(body, speech, reply: CollectedReply(leavesAfter: 1))
            #expect(trio.record.outcome == .callerGone)
            #expect(trio.record.usageIsEstimate)
            #expect((trio.record.usage?.input ?? 0) == body.utf8.count / 4)
            expectCharged(trio.record.usage?.total ?? 0, trio)
        }
    }

    @Test func aCallerWhoLeavesAfterTheEndHasBeenServed() async {
        // Clients hang up as soon as they have read the terminal event.
        let events = ReplayLane.Script.events(Sample.openaiStream.map { ByteBuffer(string: $0) })
        let trio = Trio(.breaking(.cut, after: events))
        let reply = await trio.serve(Speech.openai.request("to-oa", stream: true))
        #expect(trio.record.outcome == .served)
        #expect(reply.told.isWhole)
    }

    @Test func anUnaffordableDebtIsPaidOff() async {
        let trio = Trio(.json(Sample.openaiReply.replacingOnce(":11", ":100000000000")), keys: Self.limited)
        #expect(await trio.serve(Speech.openai.request("to-oa")).status == 200)
        let reply = await trio.serve(Speech.openai.request("to-oa"))
        #expect(reply.status == 429)
        #expect((Int(reply["retry-after"] ?? "") ?? 0) > 1_000_000)
    }

    @Test(arguments: ["-5", "1e30", "9223372036854775807", "null", "\"x\"", "{}", "1.5"])
    func countsThatAreNoneDoNoHarm(_ count: String) async {
        let body = Sample.openaiReply.replacingOnce("\"prompt_tokens\":11", "\"prompt_tokens\":\(count)")
            .replacingOnce("\"completion_tokens\":3", "\"completion_tokens\":\(count)")
        for route in ["to-oa", "to-en"] {
            let trio = Trio(.json(body), keys: Self.limited)
            let reply = await trio.serve(Speech.openai.request(route))
            #expect(reply.status == 200 || reply.status == 502)
            #expect((left(trio) ?? 0) <= 600)
            #expect((trio.record.usage?.input ?? 0) >= 0)
        }
    }

    @Test func aDrainingGatewayTurnsAwayAndLetsFinish() async throws {
        let trio = Trio(.hanging(after: .events([ByteBuffer(string: Sample.openaiStream[0] + Sample.openaiStream[1])])))
        let reply = CollectedReply()
        let gateway = trio.house.gateway
        let call = trio.house.call(Speech.openai.request("to-oa", stream: true), door: Speech.openai.dialect)
        let running = Task(executorPreference: trio.house.executor) { await gateway.serve(call, reply: reply) }
        try await eventually { reply.text.contains("Hé") }
        gateway.shutdown.drain()
        #expect(gateway.shutdown.isDraining)
        for speech in Speech.allCases {
            let turned = await trio.serve(speech.request("to-oa"), speech)
            #expect(turned.status == 503)
            #expect(turned["retry-after"] == "1")
        }
        #expect(trio.openai.requests.value.count == 1)
        #expect(!reply.told.isWhole)
        running.cancel()
        await running.value
    }

    @Test func aCallerWhoLeavesEndsTheExchange() async throws {
        let scripts: [ReplayLane.Script] = [.silent, .hanging(after: .json("{")), .hanging(after: .events([]))]
        for script in scripts {
            for route in ["to-oa", "to-en"] {
                let trio = Trio(script)
                let reply = CollectedReply()
                let gateway = trio.house.gateway
                let call = trio.house.call(Speech.openai.request(route, stream: true), door: Speech.openai.dialect)
                let task = Task(executorPreference: trio.house.executor) { await gateway.serve(call, reply: reply) }
                let lane = trio.lane(String(route.suffix(2)))
                try await lane.requests.until { !$0.isEmpty }
                task.cancel()
                await task.value
                #expect(lane.endings.value.count == lane.requests.value.count)
                #expect(reply.told.head == nil || trio.record.outcome == .failed)
            }
        }
        let trio = Trio(.silent)
        let gateway = trio.house.gateway
        let call = trio.house.call(Speech.openai.request("to-oa"), door: Speech.openai.dialect)
        let task = Task(executorPreference: trio.house.executor) { await gateway.serve(call, reply: CollectedReply()) }
        try await trio.openai.requests.until { $0.count == 1 }
        task.cancel()
        await task.value
        #expect(trio.record.outcome == .callerGone)
        #expect(trio.record.attempts.count == 1)
    }

    @Test func theMetersSayWhatHappened() async {
        // A model of its own, so that no other test adds to its meters.
        let trio = Trio(.json(Sample.openaiReply), model: "metered")
        await trio.serve(Speech.openai.request("to-oa"))
        await trio.serve(Speech.openai.request("to-oa"))
        trio.openai.replay(.failing(.cut))
        await trio.serve(Speech.openai.request("to-oa"))
        trio.openai.replay(.json("{}", status: 500))
        await trio.serve(Speech.openai.request("to-oa"))
        trio.openai.replay(.events([Sample.stream("oa")]))
        await trio.serve(Speech.openai.request("to-oa", stream: true))
        let text = String(buffer: Trio.registry.render())
        let labels = "route=\"to-oa\",provider=\"oa\",model=\"metered\""
        for (name, value) in [
            ("holdfast_requests_total{\(labels),outcome=\"served\"}", 3),
            ("holdfast_requests_total{\(labels),outcome=\"failed\"}", 1),
            ("holdfast_requests_total{\(labels),outcome=\"provider_error\"}", 1),
            ("holdfast_requests_total{\(labels),outcome=\"truncated\"}", 0),
            ("holdfast_tokens_total{\(labels),kind=\"input\"}", 33),
            ("holdfast_tokens_total{\(labels),kind=\"output\"}", 9),
            ("holdfast_attempts_total{\(labels)}", 7), ("holdfast_request_duration_seconds_count{\(labels)}", 5),
            ("holdfast_time_to_first_byte_seconds_count{\(labels)}", 3),
        ] {
            #expect(text.contains("\n\(name) \(value)\n"), "\(name)")
        }
    }

    @Test func callersCanNotMakeMetersWithoutEnd() async {
        let trio = Trio(.json(Sample.openaiReply))
        func lines() -> Int { String(buffer: Trio.registry.render()).count { $0 == "\n" } }
        let before = lines()
        for number in 0..<50 { await trio.serve(Speech.openai.request("oa/invented-\(number)")) }
        #expect(!String(buffer: Trio.registry.render()).contains("invented"))
        // Other tests make meters of their own meanwhile, but not 50 times 30.
        #expect(lines() - before < 1000)
    }
}
