import Conversation
import DialectOpenAI
import Documented
import NIOCore
import Testing
import Wire

/// The table of servers: each flavour's traits, and what a request becomes by them.
@Suite("Servers, row by row") struct ServerRowTests {
    /// A flavour, and what its row says of it.
    struct Server: Sendable, CustomTestStringConvertible {
        let flavour: Flavour
        private let cells: [String: String]

        var testDescription: String { flavour.rawValue }

        static func all() throws -> [Server] {
            let table = try DocumentedPage("dialect-openai").table(under: "### Servers")
            return try table.rows.flatMap { row in
                let cells = Dictionary(uniqueKeysWithValues: zip(table.columns, row.cells))
                return try row.cells[0].codeSpans.map { name in
                    Server(flavour: try #require(Flavour(rawValue: name), "\(name)"), cells: cells)
                }
            }
        }

        func cell(_ column: String) throws -> String { try #require(cells[column], "\(column)") }

        func takes(_ column: String) throws -> Bool {
            let cell = try cell(column)
            try #require(cell == "yes" || cell == "no" || cell == "in words", "\(column): \(cell)")
            return cell == "yes"
        }

        func callIDs() throws -> CallIDForm {
            let cell = try cell("call ids")
            let forms = ["any": CallIDForm.free, "≤ 40": .openAI, "9": .mistral]
            return try #require(forms[cell], "\(cell)")
        }

        func tokenLimit() throws -> String { try #require(try cell("token limit").codeSpans.first) }

        /// Members, and models that take no sampling.
        func leftOut() throws -> Set<String> { Set(try cell("left out and named").codeSpans) }

        func dialect() -> OpenAIDialect { OpenAIDialect(traits: flavour.traits, now: { 0 }) }
    }

    /// The table, as far as it can be read; ``flavours()`` tells where it can't.
    static let servers = (try? Server.all()) ?? []

    @Test("a flavour has no row, or two") func flavours() throws {
        let named = try Server.all().map(\.flavour.rawValue)
        #expect(named.sorted() == Flavour.allCases.map(\.rawValue).sorted())
        let settings = try DocumentedPage("configuration").tables(under: "## Providers")[0]
        let row = try #require(settings.rows.first { $0.cells[0] == "`flavour`" })
        #expect(row.cells[1].memberNames.sorted() == named.sorted())
    }

    @Test("a server's traits are others than its row says", arguments: servers)
    func traits(_ server: Server) throws {
        let traits = server.flavour.traits
        #expect(traits.tokenLimit.rawValue == (try server.tokenLimit()))
        #expect(traits.takesDeveloperRole == (try server.takes("`developer`")))
        #expect(traits.takesLaterInstructions == (try server.takes("later instructions")))
        #expect(traits.takesStreamOptions == (try server.takes("`stream_options`")))
        #expect(traits.takesThinkingBack == (try server.takes("thinking back")))
        #expect(traits.takesJSONSchema == (try server.takes("`json_schema`")))
        #expect(traits.callIDs == (try server.callIDs()))
        #expect(traits.leftOut.union(traits.withoutSampling) == (try server.leftOut()))
    }

    /// A request with everything in which servers differ.
    private static let id = "functions.f:" + String(repeating: "0", count: 40)
    private static let request = #"""
        {"model":"route","max_tokens":9,"reasoning_effort":"low","user":"u","seed":1,"logit_bias":{"1":1},
        "frequency_penalty":0.5,"presence_penalty":0.5,"stream":true,"parallel_tool_calls":false,
        "tools":[{"type":"function","function":{"name":"f"}}],
        "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}},
        "messages":[{"role":"developer","content":"D"},{"role":"user","content":"u","name":"ann"},
        {"role":"assistant","content":"a","reasoning_content":"hm",
        "tool_calls":[{"id":"\#(id)","type":"function","function":{"name":"f","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"\#(id)","content":"r"},{"role":"system","content":"later"},
        {"role":"user","content":"v"}]}
        """#
    /// Members of it that some servers refuse.
    private static let wishes = [
        "reasoning_effort", "user", "seed", "logit_bias", "frequency_penalty", "presence_penalty",
        "parallel_tool_calls",
    ]

    @Test("a request is sent otherwise than its server's row says", arguments: servers)
    func request(_ server: Server) throws {
        let dialect = server.dialect()
        let request = try dialect.decodeChat(JSONDocument(Self.request))
        var named = try dialect.leavingBehind(request.leftovers)
        let root = try JSONDocument(dialect.encodeChat(request, model: "m", dropped: &named)).root
        let messages = Array(try #require(root["messages"]).elements)
        var expected: Set<String> = []

        let limits = ["max_tokens", "max_completion_tokens"].filter { root.value(at: $0) != nil }
        #expect(limits == [try server.tokenLimit()])
        #expect(root.value(at: limits.first ?? "")?.int == 9)

        let first = messages.first { $0["content"]?.isString("D") == true }
        #expect(first?["role"]?.string == (try server.takes("`developer`") ? "developer" : "system"))

        let later = messages.first { $0["content"]?.string?.contains("later") == true }
        if try server.takes("later instructions") {
            #expect(later?["role"]?.string == "system" && later?["content"]?.string == "later")
        } else {
            #expect(later?["role"]?.string == "user")
            #expect(later?["content"]?.string?.contains("<system-reminder>\nlater\n</system-reminder>") == true)
            expected.insert("messages[4].position")
        }

        #expect((root["stream_options"] != nil) == (try server.takes("`stream_options`")))

        let assistant = try #require(messages.first { $0["role"]?.isString("assistant") == true })
        let thinksBack = try server.takes("thinking back")
        #expect(assistant["reasoning_content"]?.string == (thinksBack ? "hm" : nil))
        if !thinksBack { expected.insert("messages[2].content[0] (thinking)") }

        let takesSchema = try server.takes("`json_schema`")
        #expect(root.value(at: "response_format.type")?.string == (takesSchema ? "json_schema" : "json_object"))
        if !takesSchema {
            expected.insert("response_format.json_schema (as an instruction)")
            #expect(messages.first?["content"]?.string?.contains(#"{"type":"object"}"#) == true)
        }

        let call = try #require(assistant.value(at: "tool_calls[0].id")?.string)
        let result = messages.first { $0["role"]?.isString("tool") == true }
        #expect(result?["tool_call_id"]?.string == call)
        switch try server.cell("call ids") {
        case "any": #expect(call == Self.id)
        case "≤ 40": #expect(call != Self.id && call.count <= 40)
        default: #expect(call.wholeMatch(of: /[a-zA-Z0-9]{9}/) != nil, "\(call)")
        }

        let leftOut = try server.leftOut()
        for member in Self.wishes {
            #expect((root.value(at: member) == nil) == leftOut.contains(member), "\(member)")
            if leftOut.contains(member) { expected.insert(member) }
        }
        let user = messages.first { $0["content"]?.isString("u") == true }
        #expect((user?["name"] == nil) == leftOut.contains("name"))
        if leftOut.contains("name") { expected.insert("messages[1].name") }
        #expect(Set(named) == expected && named.count == expected.count, "\(named)")
    }

    @Test("`stop` is sent where the row says that it is refused, or the other way round", arguments: servers)
    func stop(_ server: Server) throws {
        var request = ChatRequest(model: "route", messages: [Message(.user, [.text("Hi")])])
        request.stop = ["END"]
        let isRefused = try server.leftOut().contains("stop")
        var named: [String] = []
        do throws(CannotCarry) {
            let body = try server.dialect().encodeChat(request, model: "m", dropped: &named)
            #expect(String(buffer: body).contains(#""stop":["END"]"#) && !isRefused)
        } catch {
            #expect(error.field == "stop" && isRefused)
        }
    }

    @Test("sampling is sent to a model that takes none", arguments: servers) func sampling(_ server: Server) throws {
        // What is no member is the beginning of a model's name.
        let models = try server.leftOut().subtracting(Self.wishes).subtracting(["stop", "name"])
        var request = ChatRequest(model: "route", messages: [Message(.user, [.text("Hi")])])
        (request.temperature, request.topP) = (0.5, 0.9)
        for model in models.map({ "\($0)-x" }) + ["m"] {
            var named: [String] = []
            let body = String(buffer: try server.dialect().encodeChat(request, model: model, dropped: &named))
            #expect(named == (model == "m" ? [] : ["temperature", "top_p"]))
            #expect(body.contains("temperature") == (model == "m") && body.contains("top_p") == (model == "m"))
        }
    }

    @Test("a model's longest answer is another than its row says") func longestAnswers() throws {
        var documented: [Flavour: [String: Int]] = [:]
        for row in try DocumentedPage("dialect-openai").table(under: "### Servers", 1).rows {
            let tokens = try #require(Int(row.cells[2].filter { $0 != "," }), "\(row.cells)")
            for name in row.cells[0].codeSpans {
                let flavour = try #require(Flavour(rawValue: name), "\(name)")
                for model in row.cells[1].codeSpans { documented[flavour, default: [:]][model] = tokens }
            }
        }
        for flavour in Flavour.allCases {
            #expect(flavour.traits.longestAnswers == documented[flavour] ?? [:], "\(flavour)")
            for (model, tokens) in documented[flavour] ?? [:] {
                var request = ChatRequest(model: "route", messages: [Message(.user, [.text("Hi")])])
                request.maxTokens = tokens + 1
                var named: [String] = []
                let dialect = OpenAIDialect(traits: flavour.traits, now: { 0 })
                let body = String(buffer: try dialect.encodeChat(request, model: "\(model)-x", dropped: &named))
                #expect(named == ["max_tokens (taken as \(tokens))"])
                #expect(body.contains("\"\(flavour.traits.tokenLimit.rawValue)\":\(tokens)"))
            }
        }
    }
}
