import Conversation
import DialectAnthropic
import NIOCore
import Testing
import Wire

@Suite struct ModelListTests {
    @Test func modelsAreListedInTheirShape() {
        #expect(
            text(dialect.encodeModelList([("assistant", nil), ("here/smollm2", 1_716_000_000)]))
                == #"{"data":[{"type":"model","id":"assistant","display_name":"assistant","created_at":"1970-01-01T00:00:00Z","lifecycle":"active"},{"type":"model","id":"here/smollm2","display_name":"here/smollm2","created_at":"2024-05-18T02:40:00Z","lifecycle":"active"}],"has_more":false,"first_id":"assistant","last_id":"here/smollm2"}"#
        )
        #expect(text(dialect.encodeModelList([])) == #"{"data":[],"has_more":false,"first_id":null,"last_id":null}"#)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
        (Int.max, "9999-12-31T23:59:59Z"), (Int.min, "0000-01-01T00:00:00Z"),
    ])
    func timesAreWrittenAsRFC3339(_ seconds: Int, _ expected: String) throws {
        let model = try JSONDocument(dialect.encodeModel("m", createdAt: seconds)).root
        #expect(model["created_at"]?.string == expected)
    }
}

@Suite struct TokenEstimateTests {
    /// Counts by the cl100k tokenizer, the nearest published one.
    @Test(arguments: [
        (
            "The gateway keeps every stream in order: a client that goes away cancels its upstream within a hundred milliseconds, and a connection that was kept alive stays usable otherwise. Nobody should have to think about it twice.",
            42
        ),
        (
            "Le conseil municipal s'est réuni hier soir afin d'examiner les propositions présentées par les habitants du quartier; plusieurs d'entre elles ont été retenues.",
            37
        ), ("市议会昨晚举行会议，审议了居民提出的建议，其中有几项已获通过。网关会按顺序保持每一条流。", 49),
        (
            "Совет директоров вчера вечером рассмотрел предложения, представленные жителями района, и принял несколько из них без изменений.",
            50
        ),
        (
            "func decode(_ event: Frame, into events: inout [StreamEvent]) throws(UnreadableReply) {\n    guard let index = root[\"index\"]?.int else {\n        throw UnreadableReply(\"no index\")\n    }\n    events.append(.text(choice: 0, text))\n}\n",
            61
        ),
        (
            #"{"type":"object","properties":{"city":{"type":"string","description":"Name of the city"},"days":{"type":"integer","minimum":1,"maximum":14}},"required":["city"]}"#,
            39
        ),
    ])
    func anEstimateIsWithinAThird(_ sample: String, _ counted: Int) {
        let estimate = TokenEstimate(of: sample).inputTokens
        #expect(abs(estimate - counted) * 3 <= counted, "\(estimate) for \(counted)")
    }

    @Test func everyPartOfARequestCounts() throws {
        let small = try dialect.decodeCountTokens(JSONDocument(fixture("request-plain.json")))
        let large = try dialect.decodeCountTokens(JSONDocument(fixture("request-full.json")))
        #expect(TokenEstimate(small).inputTokens == 7)
        // Three pictures among it.
        #expect(TokenEstimate(large).inputTokens > 3 * 1600 + 80)
        #expect(TokenEstimate(of: "").inputTokens == 0)
    }

    @Test func aCountIsWrittenAndRead() throws {
        #expect(text(dialect.encodeTokenCount(17)) == #"{"input_tokens":17}"#)
        #expect(try dialect.decodeTokenCount(ByteBuffer(string: #"{"input_tokens":17,"x":1}"#)) == 17)
        #expect(throws: UnreadableReply.self) { try dialect.decodeTokenCount(ByteBuffer(string: "{}")) }
    }
}
