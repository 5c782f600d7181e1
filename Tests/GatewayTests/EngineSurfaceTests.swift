import Conversation
import DialectOpenAI
import Gateway
import GatewayTesting
import NIOCore
import Testing
import Wire

/// The things that callers ask of a hosted engine and that never reach it.
@Suite struct EngineSurfaceTests {
    @Test func aWithheldFieldIsRefusedByNameWithTheReasonAndNobodyIsAsked() async throws {
        let trio = Trio(.json(Sample.openaiReply))
        for field in EngineField.chat {
            guard case .withheld(let reason) = field.fate else { continue }
            let reply = await trio.serve(Speech.openai.request("to-en", extra: ",\"\(field.name)\":1"))
            #expect(reply.status == 400)
            let error = try JSONDocument(reply.text).root["error"]
            #expect(error?["param"]?.string == field.name)
            #expect(error?["message"]?.string?.contains(reason) == true, "\(reply.text)")
        }
        #expect(trio.engine.requests.value.isEmpty)
    }

    @Test(
        "a withheld field that hides in another is refused with its place",
        arguments: [
            (Speech.openai, #"{"role":"user","content":"x","n_probs":5}"#, "messages[0].n_probs"),
            (.openai, #"{"role":"user","content":[{"type":"text","text":"x","grammar":"a"}]}"#, "].grammar"),
            (.openai, #"{"role":"user","content":"x","speculative.n_max":1}"#, "messages[0].speculative.n_max"),
            (.anthropic, #"{"role":"user","content":"x","n_probs":5}"#, "messages[0].n_probs"),
            (.anthropic, #"{"role":"user","content":[{"type":"text","text":"x","samplers":["a"]}]}"#, "].samplers"),
        ])
    func hiddenField(speech: Speech, message: String, place: String) async throws {
        let trio = Trio(.json(Sample.openaiReply))
        let reply = await trio.serve(#"{"model":"to-en","max_tokens":4,"messages":[\#(message)]}"#, speech)
        #expect(reply.status == 400)
        #expect(reply.text.contains(place), "\(reply.text)")
        #expect(trio.engine.requests.value.isEmpty)
    }

    @Test func aQueryGoesNowhere() async {
        let trio = Trio(.json(Sample.openaiReply))
        let reply = await trio.serve(Speech.openai.request("to-en"), query: "n_probs=800&fail_on_no_slot=1")
        #expect(reply.status == 200)
        #expect(trio.engine.requests.value.map(\.path) == ["/chat/completions"])
        #expect(trio.engine.requests.value.first?.fields.fields.isEmpty == true)
    }
}
