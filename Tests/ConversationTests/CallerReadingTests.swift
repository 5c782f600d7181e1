import Conversation
import DialectOpenAI
import Testing
import Wire

/// The part of a call that every operation needs, out of the body or the path.
@Suite struct CallerReadingTests {
    private let door = OpenAIDialect(now: { 0 })

    private func head(_ body: String, at path: CalledPath = CalledPath()) throws -> (model: String, isStream: Bool) {
        let head = try door.readHead(JSONDocument(body, limits: .skim).root, at: path)
        switch head.model {
        case .body(let view): return (view.string ?? "", head.isStream)
        case .path(let name): return ("path:\(name)", head.isStream)
        }
    }

    @Test(
        "the body names the model and says whether it wants a stream",
        arguments: [
            (#"{"model":"m","stream":true}"#, "m", true), (#"{"stream":false,"model":"m"}"#, "m", false),
            (#"{"model":"m","stream":null}"#, "m", false), (#"{"model":"\u006d"}"#, "m", false),
        ])
    func body(_ body: String, _ model: String, _ isStream: Bool) throws {
        #expect(try head(body) == (model, isStream))
    }

    @Test(
        "what the path says goes before the body",
        arguments: [
            (CalledPath(model: "p"), "path:p", true), (CalledPath(model: "p", isStream: false), "path:p", false),
            (CalledPath(isStream: false), "m", false), (CalledPath(isStream: true), "m", true),
        ])
    func path(_ path: CalledPath, _ model: String, _ isStream: Bool) throws {
        #expect(try head(#"{"model":"m","stream":true}"#, at: path) == (model, isStream))
    }

    @Test(arguments: [
        ("{}", "model", "missing_required_parameter"), (#"{"model":null}"#, "model", "missing_required_parameter"),
        (#"{"model":7}"#, "model", "invalid_type"), (#"{"model":""}"#, "model", "invalid_type"),
        (#"{"model":["m"]}"#, "model", "invalid_type"), (#"{"model":"m","stream":"yes"}"#, "stream", "invalid_type"),
        ("[]", "model", "missing_required_parameter"),
    ])
    func aHeadThatCannotBeReadIsRefusedByItsField(_ body: String, _ field: String, _ code: String) throws {
        let problem = #expect(throws: APIProblem.self) { try head(body) }
        #expect(problem?.field == field && problem?.code == code)
    }

    @Test(
        "the most tokens count for all choices together",
        arguments: [
            ("{}", nil), (#"{"max_tokens":5}"#, 5), (#"{"max_tokens":5,"max_completion_tokens":9}"#, 9),
            (#"{"max_tokens":5,"n":3}"#, 15), (#"{"max_tokens":-1}"#, nil), (#"{"max_tokens":null,"n":3}"#, nil),
            (#"{"max_tokens":9000000000000000000,"n":3}"#, Int.max),
        ] as [(String, Int?)])
    func mostTokens(_ body: String, _ most: Int?) throws {
        #expect(door.mostTokens(try JSONDocument(body, limits: .skim).root) == most)
    }

    @Test(
        "only one choice of text and tool calls has a place in the shared terms",
        arguments: [
            ("{}", true), (#"{"n":1}"#, true), (#"{"n":null}"#, true), (#"{"n":2}"#, false),
            (#"{"functions":[]}"#, false), (#"{"function_call":"auto"}"#, false), (#"{"audio":{}}"#, false),
            (#"{"modalities":["text"]}"#, true), (#"{"modalities":["text","audio"]}"#, false),
        ])
    func sharedTerms(_ body: String, _ expects: Bool) throws {
        #expect(door.expectsSharedTerms(try JSONDocument(body, limits: .skim).root) == expects)
    }

    @Test(arguments: [
        ("{}", false), (#"{"thread":{"type":"create"}}"#, false), (#"{"thread":{"type":"continue"}}"#, true),
        (#"{"thread":"continue"}"#, false),
    ])
    func aThreadThatGoesOnIsKnown(_ body: String, _ continues: Bool) throws {
        #expect(door.continuesThread(try JSONDocument(body, limits: .skim).root) == continues)
    }
}

@Suite struct CallerAddressTests {
    @Test(
        "an address without a model is one path",
        arguments: [
            ("/v1/chat", true), ("/v1/chat/", false), ("/v1/cha", false), ("/v1/chats", false), ("/V1/chat", false),
            ("", false),
        ])
    func plain(_ path: String, _ matches: Bool) {
        #expect((CallerAddress("/v1/chat").match(path[...]) == CalledPath()) == matches)
        #expect((CallerAddress("/v1/chat").match(path[...]) == nil) != matches)
    }

    @Test(
        "an address with a model takes one segment for it, and its escapes with it",
        arguments: [
            ("/model/m/converse", "m"), ("/model/a.b-1:0/converse", "a.b-1:0"),
            ("/model/arn%3Aaws%3Ax%2Fy/converse", "arn:aws:x/y"), ("/model/%+7a/converse", "%+7a"),
            ("/model//converse", nil), ("/model/converse", nil), ("/model/a/b/converse", nil),
            ("/model/m/converse-stream", nil), ("/model/m", nil), ("/models/m/converse", nil),
        ] as [(String, String?)])
    func withModel(_ path: String, _ model: String?) {
        #expect(CallerAddress("/model/{model}/converse").match(path[...])?.model == model)
    }

    @Test(
        "a model's name may hold slashes where the address says so",
        arguments: [
            (
                "/model/arn:aws:bedrock:r:1:inference-profile/us.m-v1:0/converse",
                "arn:aws:bedrock:r:1:inference-profile/us.m-v1:0"
            ),
            ("/model/arn:a%2Fb/c/converse", "arn:a/b/c"), ("/model/m/converse", "m"),
            ("/model/converse/converse", "converse"),
            ("/model//converse", nil), ("/model/converse", nil), ("/model/m/converse-stream", nil),
        ] as [(String, String?)])
    func withSlashes(_ path: String, _ model: String?) {
        let address = CallerAddress("/model/{model+}/converse")
        #expect(address.match(path[...])?.model == model)
        #expect(address.pattern == "/model/{model}/converse")
    }

    @Test func anAddressCanSayThatItsAnswersAreStreams() {
        let address = CallerAddress("/model/{model}/converse-stream", isStream: true)
        #expect(address.match("/model/m/converse-stream") == CalledPath(model: "m", isStream: true))
        #expect(CallerAddress("/invoke", isStream: false).match("/invoke") == CalledPath(isStream: false))
        #expect(address.pattern == "/model/{model}/converse-stream")
    }

    @Test func theModelMayStandAtTheEnd() {
        #expect(CallerAddress("/engines/{model}/").match("/engines/m/")?.model == "m")
    }
}
