import AdminAPI
import Testing

/// The JSON of the administrators' resources: members in snake case, and what
/// is written is read again.
@Suite struct ViewTests {
    private func roundTrip<View: Codable & Equatable>(_ view: View) throws -> String {
        let bytes = try AdminJSON.encode(view)
        #expect(try AdminJSON.decode(View.self, from: bytes) == view)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func aHoldIsWrittenUnderItsPublicNames() throws {
        var hold = HoldView(
            id: "1f", name: "withdrawn", cause: "withdrawn", scope: "model", firmness: "lasting", origin: "traffic",
            provider: "p", host: "h:443", model: "org/m", since: 7, words: "gone \u{1F600}", rule: "r")
        hold.secondsLeft = 3
        hold.acknowledgedBy = "ops"
        hold.countsForKeys = ["a"]
        let text = try roundTrip(HoldsView(holds: [hold], returned: []))
        for member in [
            #""seconds_left":3"#, #""acknowledged_by":"ops""#, #""counts_for_keys":["a"]"#, #""model":"org/m""#,
        ] {
            #expect(text.contains(member), "\(text)")
        }
        #expect(!text.contains("status"), "what isn't known is left out")
    }

    @Test func aSessionIsWrittenUnderItsPublicNames() throws {
        let text = try roundTrip(
            SessionsView(sessions: [
                .init(
                    key: "k_1", session: "s", agent: "a", parentAgent: nil, requests: 2, inputTokens: 3,
                    outputTokens: 4, cachedTokens: 1, moves: 1, moveTokens: 2, servedBy: "p/m", last: 7)
            ]))
        for member in [#""input_tokens":3"#, #""cached_tokens":1"#, #""move_tokens":2"#, #""served_by":"p/m""#] {
            #expect(text.contains(member), "\(text)")
        }
        #expect(!text.contains("parent_agent"), "what isn't known is left out")
    }

    @Test func numbersInNamesKeepTheirPlace() throws {
        let text = #"""
            {"id":"d_1","route":"r","pulled":"p/m","as":"broken","phase":"over","at_token":4,"load_rps":2.5,
            "switch":{"count":1,"p50_ms":1.5,"p99_ms":2},"added_latency":{"first_byte_p50_ms":3},
            "requests":{"warm_up":{"total":1,"whole":1},"met_the_pull":2},"streams_in_flight":{"lost":1},
            "stood_in":[{"what":"q/n","times":2}],"cost":{"total":0.5,"currency":"EUR"},"a_later_member":true}
            """#
        let drill = try AdminJSON.decode(DrillView.self, from: text.utf8)
        #expect(drill.switch?.p50Ms == 1.5 && drill.switch?.p99Ms == 2 && drill.atToken == 4 && drill.loadRps == 2.5)
        #expect(drill.addedLatency?.firstByteP50Ms == 3 && drill.requests?.metThePull == 2)
        #expect(drill.requests?.warmUp?.whole == 1 && drill.streamsInFlight?.lost == 1)
        #expect(drill.stoodIn?.first?.times == 2 && drill.cost?.currency == "EUR")
        let again = try roundTrip(drill)
        #expect(again.contains(#""p50_ms":1.5"#) && again.contains(#""first_byte_p50_ms":3"#))
    }

    @Test("a report of a version that said less is read") func older() throws {
        let text = #"{"id":"d","route":"r","pulled":"p/m","as":"withdrawn","phase":"over"}"#
        #expect(try AdminJSON.decode(DrillView.self, from: text.utf8).verdict == nil)
    }

    @Test func ordersAreWrittenAsTheyAreRead() throws {
        var order = DrillOrderView(route: "talk", model: nil, as: "withdrawn")
        order.warmUp = 5
        let text = try roundTrip(order)
        #expect(text == #"{"as":"withdrawn","route":"talk","warm_up":5}"#)
        #expect(
            try roundTrip(HoldOrder(provider: "p", model: "m", reason: nil, dryRun: true))
                == #"{"dry_run":true,"model":"m","provider":"p"}"#)
        #expect(try roundTrip(ForgiveOrder(who: "key:k_1")) == #"{"who":"key:k_1"}"#)
    }

    @Test func routesAndModelsKeepWhatTheySay() throws {
        var candidate = CandidateView(provider: "p", model: "m", weight: 2)
        candidate.standing = "breaker open"
        candidate.secondsSinceAnswer = 9
        var route = RoutesView.Route(name: "talk", order: "listed", return: "automatic", candidates: [candidate])
        route.state = .down
        route.reason = "none of 3 requests in 5 min was answered"
        route.recentRequests = 3
        let text = try roundTrip(RoutesView(routes: [route], breakers: []))
        #expect(
            text.contains(#""return":"automatic""#) && text.contains(#""state":"down""#)
                && text.contains(#""recent_requests":3"#))
        #expect(text.contains(#""seconds_since_answer":9"#))
        #expect(!text.contains("refused_edit"))
        var broken = RoutesView(routes: [], breakers: [])
        broken.refusedEdit = "h.yaml:3:1: no"
        #expect(try roundTrip(broken).contains(#""refused_edit":"h.yaml:3:1: no""#))
        var provider = ProviderView(name: "p", dialect: "openai", health: "configured")
        provider.traits = TraitsView(
            tokenLimit: "max_tokens", developerRole: false, laterInstructions: true, streamOptions: true,
            reasoningContent: false, jsonSchema: true, withoutSampling: nil, leaveOut: ["user"])
        let models = try roundTrip(ModelsView(routes: [], providers: [provider]))
        #expect(models.contains(#""json_schema":true"#) && models.contains(#""leave_out":["user"]"#))
    }

    @Test func whatARunningServerSaysOfItselfHasItsPaths() throws {
        let view = EffectiveView(
            pid: 4, settings: "/etc/h.yaml", listen: "127.0.0.1:8080", tls: false, admin: nil, keyFile: "/k",
            dataDirectory: "/d",
            ledger: .init(
                name: "l.example", directory: "/d/ledger", policyFile: nil,
                witnesses: [.init(url: "https://w.example", key: "w+1+a")]), routes: ["talk"])
        let text = try roundTrip(view)
        #expect(text.contains(#""data_directory":"/d""#) && !text.contains("admin"))
    }

    @Test(
        "a word that this version doesn't know is an error, and never taken for another one",
        arguments: [
            #"{"id":"d","route":"r","pulled":"p/m","as":"withdrawn","phase":"paused"}"#,
            #"{"id":"d","route":"r","pulled":"p/m","as":"withdrawn","phase":"over","verdict":"splendid"}"#,
            #"{"id":"d","route":"r","pulled":"p/m","as":"withdrawn","phase":"over","end":"exploded"}"#,
        ])
    func otherWords(text: String) throws {
        #expect(throws: DecodingError.self) { try AdminJSON.decode(DrillView.self, from: text.utf8) }
        let route =
            #"{"name":"r","order":"ordered","return":"automatic","state":"limping","recent_requests":0,"#
            + #""recent_answered":0,"candidates":[]}"#
        #expect(throws: DecodingError.self) { try AdminJSON.decode(RoutesView.Route.self, from: route.utf8) }
        let known = route.replacing("limping", with: "down")
        #expect(try AdminJSON.decode(RoutesView.Route.self, from: known.utf8).state == .down)
    }

    @Test(
        "the reason that an answer can't be read names the place",
        arguments: [
            (#"{"holds":[{"id":1}],"returned":[]}"#, "holds.0.id: "), (#"{"holds":5,"returned":[]}"#, "holds: "),
            ("{", ""),
        ])
    func reasons(text: String, place: String) {
        do {
            _ = try AdminJSON.decode(HoldsView.self, from: text.utf8)
            Issue.record("it was read")
        } catch {
            let reason = AdminJSON.reason(error)
            #expect(reason.hasPrefix(place) && reason.count > place.count, "\(reason)")
            #expect(!reason.contains("Context("), "no dump of Swift's")
        }
    }

    @Test(
        "an answer of another shape is an error",
        arguments: ["", "{", "[]", "null", #"{"holds":5,"returned":[]}"#, #"{"holds":[{"id":1}],"returned":[]}"#])
    func otherShapes(text: String) {
        #expect(throws: (any Error).self) { try AdminJSON.decode(HoldsView.self, from: text.utf8) }
    }
}
