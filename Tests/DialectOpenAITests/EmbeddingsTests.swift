import Seeded
import Conversation
import DialectOpenAI
import FoundationEssentials
import NIOCore
import Testing
import Wire

@Suite("Embeddings") struct EmbeddingsTests {
    @Test(
        "an input is misread",
        arguments: [
            (#""x""#, EmbeddingsRequest.Input.text("x")), (#"["x","y"]"#, .texts(["x", "y"])),
            ("[1,2]", .tokens([1, 2])), ("[[1],[2,3]]", .tokenLists([[1], [2, 3]])),
        ])
    func inputs(json: String, input: EmbeddingsRequest.Input) throws {
        let body = #"{"model":"m","input":\#(json),"encoding_format":"base64","dimensions":8,"user":"u"}"#
        let request = try openai.decodeEmbeddings(JSONDocument(body))
        var expected = EmbeddingsRequest(model: "m", input: input)
        expected.encodingFormat = "base64"
        expected.dimensions = 8
        expected.endUser = "u"
        #expect(request == expected)
        var dropped: [String] = []
        #expect(try String(buffer: openai.encodeEmbeddings(request, model: "m", dropped: &dropped)) == body)
        #expect(dropped.isEmpty)
    }

    @Test(
        "a fault is not named by its field",
        arguments: [
            ("[]", String?.none), ("{}", "model"), (#"{"model":"m"}"#, "input"),
            (#"{"model":"m","input":[]}"#, "input"),
            (#"{"model":"m","input":7}"#, "input"), (#"{"model":"m","input":[true]}"#, "input[0]"),
            (#"{"model":"m","input":["x",1]}"#, "input[1]"), (#"{"model":"m","input":[1,"x"]}"#, "input[1]"),
            (#"{"model":"m","input":[[1],[-1]]}"#, "input[1][0]"), (#"{"model":"m","input":[[]]}"#, "input[0]"),
            (#"{"model":"m","input":"x","encoding_format":"hex"}"#, "encoding_format"),
            (#"{"model":"m","input":"x","dimensions":0}"#, "dimensions"),
        ])
    func faults(body: String, field: String?) throws {
        let document = try JSONDocument(body)
        let problem = #expect(throws: APIProblem.self) { try openai.decodeEmbeddings(document) }
        #expect(problem?.field == field)
    }

    @Test("an unknown field is lost") func leftovers() throws {
        let request = try openai.decodeEmbeddings(JSONDocument(#"{"model":"m","input":"x","late_chunking":true}"#))
        #expect(request.leftovers == [Leftover("late_chunking", isAdvisory: false)])
    }

    @Test("the engine is asked for another form than numbers") func engineRequest() throws {
        var request = EmbeddingsRequest(model: "r", input: .text("x"))
        request.encodingFormat = "base64"
        request.endUser = "u"
        var dropped: [String] = []
        #expect(
            try String(buffer: engine.encodeEmbeddings(request, model: "m", dropped: &dropped))
                == #"{"model":"m","input":"x","encoding_format":"float"}"#)
        #expect(dropped == ["user"])
        request.dimensions = 3
        let refusal = #expect(throws: CannotCarry.self) {
            var dropped: [String] = []
            _ = try engine.encodeEmbeddings(request, model: "m", dropped: &dropped)
        }
        #expect(refusal?.field == "dimensions")
    }

    @Test("an answer is misread or out of order") func reply() throws {
        let body = """
            {"object":"list","data":[{"object":"embedding","index":1,"embedding":[0.5,-2]},
            {"object":"embedding","index":0,"embedding":"AACAPw=="}],"model":"e","usage":{"prompt_tokens":4,"total_tokens":4}}
            """
        let reply = try openai.decodeEmbeddingsReply(ByteBuffer(string: body))
        #expect(
            reply == EmbeddingsReply(model: "e", vectors: [.base64("AACAPw=="), .floats([0.5, -2])], inputTokens: 4))
        var request = EmbeddingsRequest(model: "e", input: .text("x"))
        #expect(
            String(buffer: openai.encodeEmbeddingsReply(reply, to: request)) == #"""
                {"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]},{"object":"embedding","index":1,"embedding":[0.5,-2]}],"model":"e","usage":{"prompt_tokens":4,"total_tokens":4}}
                """#)
        request.encodingFormat = "base64"
        #expect(
            String(buffer: openai.encodeEmbeddingsReply(reply, to: request)) == #"""
                {"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPw=="},{"object":"embedding","index":1,"embedding":"AAAAPwAAAMA="}],"model":"e","usage":{"prompt_tokens":4,"total_tokens":4}}
                """#)
    }

    @Test("an engine's vectors reach a client changed") func engineReply() throws {
        let reply = try engine.decodeEmbeddingsReply(Fixture.bytes("embeddings.response.json"))
        #expect(reply.model == "smollm2-135m" && reply.inputTokens == 1 && reply.vectors.count == 1)
        guard case .floats(let values)? = reply.vectors.first else {
            Issue.record("no numbers")
            return
        }
        #expect(values.count == 6 && values.first == -0.01275787502527237)
        var request = EmbeddingsRequest(model: "e", input: .text("x"))
        request.encodingFormat = "base64"
        let packed = try openai.decodeEmbeddingsReply(openai.encodeEmbeddingsReply(reply, to: request))
        guard case .base64(let text)? = packed.vectors.first else {
            Issue.record("no base64")
            return
        }
        #expect(Float32Base64.decode(text)?.map(Float.init) == values.map(Float.init))
    }

    @Test(
        "garbage is taken for vectors",
        arguments: [
            "", "[]", "{}", #"{"data":{}}"#, #"{"data":[{}]}"#, #"{"data":[{"embedding":7}]}"#,
            #"{"data":[{"embedding":["x"]}]}"#,
        ])
    func garbage(body: String) {
        #expect(throws: UnreadableReply.self) { try openai.decodeEmbeddingsReply(ByteBuffer(string: body)) }
    }

    @Test("floats change on their way through base64", arguments: 0...7)
    func base64(count: Int) {
        var generator = SplitMix(seed: UInt64(count))
        let values = (0..<count).map { _ in Double.random(in: -1...1, using: &generator) }
        var bytes: [UInt8] = []
        for value in values { withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { bytes += $0 } }
        let text = Float32Base64.encode(values)
        #expect(text == Data(bytes).base64EncodedString())
        #expect(Float32Base64.decode(text)?.map(Float.init) == values.map(Float.init))
        #expect(Float32Base64.decode(Float32Base64.encode([0.1])) == [0.1])
    }

    @Test("broken base64 is taken for floats", arguments: ["A", "AAAA", "AACAPw=", "AACA=w==", "AACAPw===", "!!!!"])
    func brokenBase64(text: String) {
        #expect(Float32Base64.decode(text) == nil)
    }
}
