import Conversation
import DialectOpenAI
import NIOCore
import Seeded
import Testing
import Wire

/// The fields that a caller sends and an engine must not get.
@Suite("The engine's allow-list") struct EngineFieldTests {
    /// The fields that the server reads, from its own source
    /// (`server-schema.cpp` and `oaicompat_chat_params_parse`), each with a
    /// value that it would take.
    static let serverFields: [(name: String, value: String)] = [
        ("verbose", "true"), ("timings_per_token", "true"), ("cache_prompt", "false"), ("return_tokens", "true"),
        ("return_progress", "true"), ("sse_ping_interval", "1"), ("n_predict", "5"), ("n_indent", "2"),
        ("n_keep", "-1"), ("n_discard", "-1"), ("n_cmpl", "2"), ("n_cache_reuse", "1"), ("t_max_prompt_ms", "1"),
        ("t_max_predict_ms", "1"), ("response_fields", #"["content"]"#), ("min_p", "0.1"), ("top_n_sigma", "1"),
        ("xtc_probability", "0.5"), ("xtc_threshold", "0.1"), ("typical_p", "0.5"), ("dynatemp_range", "1"),
        ("dynatemp_exponent", "1"), ("repeat_last_n", "64"), ("repeat_penalty", "1.1"), ("dry_multiplier", "1"),
        ("dry_base", "1.75"), ("dry_allowed_length", "2"), ("dry_penalty_last_n", "64"),
        ("dry_sequence_breakers", #"["x"]"#), ("mirostat", "2"), ("mirostat_tau", "5"), ("mirostat_eta", "0.1"),
        ("adaptive_target", "0.5"), ("adaptive_decay", "0.5"), ("n_probs", "800"), ("min_keep", "1"),
        ("backend_sampling", "true"), ("post_sampling_probs", "true"), ("speculative.n_max", "1"),
        ("speculative.n_min", "1"), ("speculative.p_min", "0.5"), ("speculative.type", #""ngram""#),
        ("speculative.ngram_size_n", "1"), ("speculative.ngram_size_m", "1"), ("speculative.ngram_min_hits", "1"),
        ("lora", #"[{"id":0,"scale":2}]"#), ("json_schema", "{}"), ("grammar", #""root ::= \"a\"""#),
        ("grammar_type", #""tool_calls""#), ("grammar_lazy", "true"), ("grammar_triggers", "[]"),
        ("chat_format", "0"), ("reasoning_format", #""none""#), ("generation_prompt", #""x""#),
        ("parse_tool_calls", "true"), ("chat_parser", #""x""#), ("continue_final_message", "true"),
        ("echo", "true"), ("preserved_tokens", #"["x"]"#), ("reasoning_control", "true"),
        ("reasoning_budget_tokens", "1"), ("reasoning_budget_start_tag", #""x""#),
        ("reasoning_budget_end_tag", #""x""#), ("reasoning_budget_end_tags", #"["x"]"#),
        ("reasoning_budget_message", #""x""#), ("thinking_budget_tokens", "1"), ("ignore_eos", "true"),
        ("samplers", #"["temperature"]"#), ("id_slot", "0"), ("prompt", #""x""#), ("input_prefix", #""x""#),
        ("input_suffix", #""x""#), ("input_extra", "[]"), ("add_generation_prompt", "false"),
        ("chat_template", #""x""#), ("chat_template_kwargs", #"{"enable_thinking":true}"#),
        ("enable_thinking", "true"), ("thinking_forced_open", "true"), ("force_pure_content", "true"),
        ("multimodal_data", "[]"),
    ]

    /// Everything that an engine may be sent, at any depth.
    private static let nested: [String: Set<String>] = [
        "messages": [
            "role", "content", "refusal", "tool_calls", "tool_call_id", "type", "text", "id", "function",
            "name", "arguments",
        ],
        "tools": ["type", "function", "name", "description", "parameters", "strict"],
        "tool_choice": [], "stream_options": ["include_usage"], "logit_bias": ["15"], "stop": [],
        "response_format": ["type", "json_schema", "name", "description", "schema", "strict"],
    ]

    /// As a caller's door reads it and an engine gets it, with whatever the
    /// translation can't hold left out, as it were advisory.
    private static func sent(_ request: String) throws -> JSONView {
        var request = try openai.decodeChat(request)
        request.leftovers = []
        return try JSONDocument(engine.encoded(request).body).root
    }

    private static func check(_ root: JSONView) {
        let listed = Set(EngineField.chat.compactMap { if case .sent = $0.fate { $0.name } else { nil } })
        for (name, value) in root.members {
            let name = name.string ?? ""
            #expect(listed.contains(name), "the engine was sent \(name)")
            for inner in names(in: value, below: name) {
                #expect(nested[name]?.contains(inner) == true, "the engine was sent \(inner) in \(name)")
            }
        }
    }

    /// Names of members at any depth, but for a caller's own JSON Schema.
    private static func names(in view: JSONView, below name: String) -> [String] {
        switch view.kind {
        case .object:
            return view.members.flatMap { key, value -> [String] in
                let key = key.string ?? ""
                let isSchema = key == "schema" || key == "parameters"
                return [key] + (isSchema ? [] : names(in: value, below: key))
            }
        case .array: return view.elements.flatMap { names(in: $0, below: name) }
        default: return []
        }
    }

    @Test("a server's own field reaches it", arguments: serverFields.map(\.name))
    func serverField(name: String) throws {
        let value = Self.serverFields.first { $0.name == name }!.value
        let member = "\"\(name)\":\(value)"
        let inFormat = name == "json_schema" ? "" : member + ","
        // At the top, and in every object of the request.
        let request = """
            {"model":"m",\(member),"messages":[{"role":"user","content":[{"type":"text","text":"x",\(member)}],\(member)}],
            "tools":[{"type":"function",\(member),"function":{"name":"f",\(member)}}],
            "response_format":{"type":"json_schema",\(inFormat)"json_schema":{"name":"n","schema":{},\(member)}},
            "stream":true,"stream_options":{"include_usage":true,\(member)}}
            """
        Self.check(try Self.sent(request))
        guard case .withheld(let reason)? = EngineField.named(name)?.fate else {
            Issue.record("\(name) is not in the table")
            return
        }
        #expect(engine.objection(to: name) == reason)
        for place in ["messages[0]", "messages[0].content[0]", "tools[1].function", "response_format.json_schema"] {
            #expect(engine.objection(to: "\(place).\(name)") == reason)
        }
        // What is empty asks for nothing.
        guard value != "[]", value != "{}", value != "\"\"" else { return }
        #expect(
            try openai.decodeChat("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\(member)}")
                .leftovers.contains { $0.field == name })
    }

    @Test("a field that nobody has heard of reaches the engine") func randomFields() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(seed: seed)
        let words = Self.serverFields.map(\.name) + ["n", "top", "_", "probs", "logit", "slot", "x", "é", ".", " "]
        for _ in 0..<3000 {
            let name = (0..<Int.random(in: 1...3, using: &random)).map { _ in words.randomElement(using: &random)! }
                .joined(separator: Bool.random(using: &random) ? "_" : "")
            let values = ["1", "-1", "true", "\"x\"", "[1,2]", "{\"a\":{\"b\":1}}", "1e300"]
            let member = "\"\(name)\":\(values.randomElement(using: &random)!)"
            let request =
                #"{"model":"m","messages":[{"role":"user","content":"x",\#(member)}],\#(member)}"#
            // The reader may refuse a known field of the wrong type.
            guard let root = try? Self.sent(request) else { continue }
            Self.check(root)
        }
        print("seed \(seed)")
    }

    @Test("a field that is listed is lost") func everyListedFieldIsSent() throws {
        let request = """
            {"model":"m","messages":[{"role":"user","content":"x"}],
            "tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"tool_choice":"auto",
            "parallel_tool_calls":false,"response_format":{"type":"json_object"},"max_tokens":5,"temperature":0.5,
            "top_p":0.5,"top_k":5,"frequency_penalty":0.5,"presence_penalty":0.5,"seed":5,"stop":["x"],"n":1,
            "logprobs":true,"logit_bias":{"15":1},"stream":true}
            """
        let sent = Set(try Self.sent(request).members.compactMap { $0.0.string })
        let listed = Set(EngineField.chat.compactMap { if case .sent = $0.fate { $0.name } else { nil } })
        #expect(sent == listed)
    }

    @Test("fewer alternatives are asked for than are needed to know what is likely", arguments: [0, 1, 5])
    func alternatives(asked: Int) throws {
        #expect(try engine.encoded(.saying().with { $0.logprobs = asked }).body.contains("\"top_logprobs\":5"))
    }

    @Test("embeddings bring more") func embeddings() throws {
        var request = try openai.decodeEmbeddings(
            JSONDocument(
                #"{"model":"m","input":["x"],"encoding_format":"base64","embd_normalize":-1,"content":"y","user":"u"}"#)
        )
        #expect(request.leftovers.map(\.field) == ["embd_normalize", "content"])
        request.leftovers = []
        var dropped: [String] = []
        let body = try engine.encodeEmbeddings(request, model: "m", dropped: &dropped)
        #expect(try JSONDocument(body).root.members.compactMap { $0.0.string } == EngineField.embeddings)
    }

    // MARK: What is sent otherwise than it came

    @Test(
        "a threshold beside a schema is finer than it may be",
        arguments: [(0.93, "0.95"), (0.9, "0.9"), (0.001, "0.05"), (0.99, "1"), (1, "1")])
    func topP(asked: Double, sent: String) throws {
        let request = ChatRequest.saying().with {
            $0.topP = asked
            $0.responseFormat = .jsonSchema(
                name: nil, description: nil, schema: try! JSONFragment(checking: "{}"), isStrict: nil)
        }
        let (body, dropped) = try engine.encoded(request)
        #expect(body.contains("\"top_p\":\(sent)}") || body.contains("\"top_p\":\(sent),"), "\(body)")
        #expect(dropped.isEmpty == (sent == "\(asked)" || asked == 1))
        // Alone it measures nothing.
        #expect(try engine.encoded(.saying().with { $0.topP = asked }).dropped.isEmpty)
    }

    @Test("a caller chooses the engine's seed") func seeds() throws {
        let blind = EngineDialect(
            blindSeed: { UInt32(truncatingIfNeeded: String(buffer: $0).utf8.reduce(7) { $0 &* 31 &+ Int($1) }) },
            now: { 0 })
        func seed(_ change: (inout ChatRequest) -> Void) throws -> Int? {
            let body = try blind.encoded(
                .saying().with {
                    $0.seed = 7; change(&$0)
                }
            ).body
            return try JSONDocument(body).root["seed"]?.int
        }
        let first = try seed { _ in }
        #expect(first != nil && first != 7)
        #expect(try seed { _ in } == first, "the same request repeats")
        #expect(try seed { $0.stream = true } == first, "however it is brought")
        #expect(try seed { $0.seed = 8 } != first)
        #expect(try seed { $0.topP = 0.5 } != first, "what it is held against may not be moved")
        #expect(try seed { $0.messages = [.user("Ho")] } != first)
        #expect(try blind.encoded(.saying()).body.contains("seed") == false)
    }

    @Test("an engine's error carries more than an error needs") func longError() {
        let error = engine.decodeError(
            status: 500,
            body: ByteBuffer(string: #"{"error":{"message":"\#(String(repeating: "x", count: 5000))","type":"t"}}"#))
        #expect(error.message.count == 400 && error.status == 500)
    }
}
