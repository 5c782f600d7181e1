import Conversation
import NIOCore
import Testing
import Wire

/// Parts of a whole answer that no supervisor gets to see.
@Suite struct AnswerPieceTests {
    private static func pieces(_ text: String, _ dialect: ReadDialect) throws -> [AnswerPiece] {
        try dialect.door.pieces(ofAnswer: JSONDocument(text))
    }

    private static let anthropic = #"""
        {"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5","content":[
        {"type":"thinking","thinking":"I think.","signature":"Eq=="},
        {"type":"redacted_thinking","data":"Eq=="},
        {"type":"text","text":"I say.","citations":[{"type":"char_location","cited_text":"as they said","document_index":0}]},
        {"type":"tool_use","id":"toolu_1","name":"lookup","input":{"word":"sea","n":[1,"two"]}},
        {"type":"web_search_tool_result","tool_use_id":"s1","content":[{"type":"web_search_result","url":"https://a.b","title":"A page","encrypted_content":"Eq==","page_age":null}]},
        {"type":"a_kind_of_tomorrow","words":"Of tomorrow."}],
        "stop_reason":"tool_use","stop_sequence":null,
        "usage":{"input_tokens":3,"output_tokens":9,"cache_creation":{"ephemeral_5m_input_tokens":0},"service_tier":"standard"}}
        """#

    private static let bedrock = #"""
        {"output":{"message":{"role":"assistant","content":[
        {"reasoningContent":{"reasoningText":{"text":"I think.","signature":"Eq=="}}},{"reasoningContent":{"redactedContent":"Eq=="}},
        {"text":"I say."},{"toolUse":{"toolUseId":"t1","name":"lookup","input":{"word":"sea","n":[1,"two"]}}},
        {"citationsContent":{"content":[{"text":"As they said."}],"citations":[{"title":"A page","sourceContent":[{"text":"they said"}]}]}},
        {"aKindOfTomorrow":{"words":"Of tomorrow."}}]}},"stopReason":"tool_use",
        "usage":{"inputTokens":3,"outputTokens":9,"totalTokens":12,"cacheDetails":[{"ttl":"5m","inputTokens":0}]},"metrics":{"latencyMs":5},
        "additionalModelResponseFields":{"holdfast":{"continued":[{"by":"p/m","cause":"withdrawn","at":1}]},"note":"A word more."},
        "trace":{"promptRouter":{"invokedModelId":"arn:aws:x"}},"performanceConfig":{"latency":"standard"},"serviceTier":{"type":"default"}}
        """#

    private static let openai = #"""
        {"id":"chatcmpl-1","object":"chat.completion","created":7,"model":"gpt-5.2","system_fingerprint":"fp_1",
        "choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":"I say.",
        "refusal":null,"reasoning_content":"I think.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"lookup","arguments":"{\"word\":\"sea\"}"}}],
        "annotations":[{"type":"url_citation","url_citation":{"url":"https://a.b","title":"A page","start_index":0}}]},
        "logprobs":{"content":[{"token":"I","logprob":-0.1,"bytes":[73],"top_logprobs":[{"token":"We","logprob":-2,"bytes":null}]},{"token":" say.","logprob":0,"bytes":null,"top_logprobs":[]}],"refusal":null}}],
        "usage":{"prompt_tokens":3,"completion_tokens":9,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":0}},
        "service_tier":"default"}
        """#

    private static let responses = #"""
        {"id":"resp_1","object":"response","created_at":7,"completed_at":8,"status":"completed","model":"gpt-5.5",
        "instructions":"Be brief.","error":null,"incomplete_details":null,"metadata":{"a":"some words"},
        "tools":[{"type":"function","name":"lookup","description":"Looks up.","parameters":{"type":"object","properties":{}}}],
        "tool_choice":"auto","truncation":"disabled","service_tier":"default","store":false,
        "text":{"format":{"type":"text"},"verbosity":"medium"},"reasoning":{"effort":"low","summary":null},
        "output":[
        {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"I think."}],"encrypted_content":"gAAAAB"},
        {"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[
        {"type":"output_text","text":"I say.","annotations":[{"type":"url_citation","url":"https://a.b","title":"A page","start_index":0}],"logprobs":[]}]},
        {"type":"function_call","id":"fc_1","status":"completed","call_id":"call_1","name":"lookup","arguments":"{\"word\":\"sea\"}"},
        {"type":"a_kind_of_tomorrow","words":"Of tomorrow."}],
        "usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":0},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":12}}
        """#

    @Test func responsesAnswer() throws {
        let found = try Self.pieces(Self.responses, .responses)
        #expect(
            found == [
                .text(block: 0, .system, "Be brief."), .blockEnded(0),
                .text(block: 1, .user, "a\nsome words"), .blockEnded(1),
                .text(block: 2, .toolDefinition, "lookup"), .text(block: 2, .toolDefinition, "\nLooks up."),
                .blockEnded(2),
                .text(block: 3, .answer, "I think."), .blockEnded(3),
                .text(block: 4, .answer, "I say."), .blockEnded(4),
                .text(block: 5, .document, "type\nurl_citation\nurl\nhttps://a.b\ntitle\nA page\nstart_index"),
                .blockEnded(5),
                .text(block: 6, .toolCall, "lookup"), .text(block: 6, .toolCall, "\nword\nsea"), .blockEnded(6),
                .text(block: 7, .answer, "Of tomorrow."), .blockEnded(7),
                .unseen(.encryptedThinking), .ended,
            ])
    }

    @Test func anthropicAnswer() throws {
        #expect(
            try Self.pieces(Self.anthropic, .anthropic) == [
                .text(block: 0, .answer, "I think."), .blockEnded(0),
                .text(block: 1, .answer, "I say."), .blockEnded(1),
                .text(block: 2, .document, "as they said"), .blockEnded(2),
                .text(block: 3, .toolCall, "lookup"), .text(block: 3, .toolCall, "\nword\nsea\nn\ntwo"), .blockEnded(3),
                .text(block: 4, .document, "https://a.b"), .text(block: 4, .document, "\nA page"), .blockEnded(4),
                .text(block: 5, .answer, "Of tomorrow."), .blockEnded(5),
                .unseen(.encryptedThinking), .unseen(.encryptedResult), .ended,
            ])
    }

    @Test func openaiAnswer() throws {
        #expect(
            try Self.pieces(Self.openai, .openai) == [
                .text(block: 0, .answer, "I say."), .blockEnded(0),
                .text(block: 1, .answer, "I think."), .blockEnded(1),
                .text(block: 2, .toolCall, "lookup"), .text(block: 2, .toolCall, "\nword\nsea"), .blockEnded(2),
                .text(block: 3, .document, "url\nhttps://a.b\ntitle\nA page\nstart_index"), .blockEnded(3),
                .text(block: 4, .answer, "I say.\nWe"), .blockEnded(4), .ended,
            ])
    }

    @Test("the same call has the same text in both dialects")
    func sameCall() throws {
        func call(_ text: String, _ dialect: ReadDialect) throws -> String {
            try Self.pieces(text, dialect).reduce("") { all, piece in
                if case .text(_, .toolCall, let more) = piece { all + more } else { all }
            }
        }
        let anthropic =
            #"{"content":[{"type":"tool_use","id":"t","name":"n","input":{"a":"\u00e9 \"x\"","b":{"c":1}}}]}"#
        let openai =
            #"{"choices":[{"message":{"tool_calls":[{"id":"c","function":{"name":"n","arguments":"{\"a\":\"\\u00e9 \\\"x\\\"\",\"b\":{\"c\":1}}"}}]}}]}"#
        #expect(try call(anthropic, .anthropic) == "n\na\né \"x\"\nb\nc")
        #expect(try call(openai, .openai) == call(anthropic, .anthropic))
    }

    @Test("a provider's own refusal is told from its answers")
    func refusals() throws {
        #expect(
            try Self.pieces(
                #"{"content":[],"stop_reason":"refusal","stop_details":{"type":"refusal","category":"cyber"}}"#,
                .anthropic)
                == [.refused(category: "cyber"), .ended])
        #expect(
            try Self.pieces(#"{"choices":[{"message":{"content":""},"finish_reason":"content_filter"}]}"#, .openai)
                == [.refused(category: nil), .ended])
    }

    @Test("no string of an answer is unread")
    func everyString() throws {
        let sentence = "zq marked words zq"
        for (text, dialect) in [
            (Self.anthropic, ReadDialect.anthropic), (Self.bedrock, .bedrock), (Self.openai, .openai),
            (Self.responses, .responses),
        ] {
            let body = ByteBuffer(string: text)
            for position in Position.all(in: try JSONDocument(body).root) {
                let marked = try JSONDocument(position.replaced(by: sentence, in: body))
                let isRead = try dialect.door.pieces(ofAnswer: marked).contains {
                    if case .text(_, _, let text) = $0 { text.contains(sentence) } else { false }
                }
                #expect(
                    isRead, "\(dialect.name): \(position.view.string ?? "") at byte \(position.view.range.lowerBound)")
            }
        }
    }

    @Test("the blocks of an answer are numbered in their order, and each ends", arguments: ReadDialect.all)
    func blocks(_ dialect: ReadDialect) throws {
        let text =
            switch dialect.name {
            case "bedrock": Self.bedrock
            case "openai": Self.openai
            case "responses": Self.responses
            default: Self.anthropic
            }
        var open: Int?
        var next = 0
        for piece in try Self.pieces(text, dialect) {
            switch piece {
            case .text(let block, _, let words):
                #expect(open == block || open == nil && block == next && !words.isEmpty)
                open = block
            case .blockEnded(let block):
                #expect(open == block)
                open = nil
                next = block + 1
            default: #expect(open == nil)
            }
        }
    }

    @Test("an answer that can't be read strictly is none", arguments: ["[]", "7", #"{"content":[],"Content":[]}"#])
    func unreadable(_ text: String) throws {
        #expect(throws: UnreadableReply.self) { try Self.pieces(text, .anthropic) }
    }
}
