package import Conversation
import DialectAnthropic
package import NIOCore
package import Wire

extension InvokeDialect: CallerProtocol, AmazonErrors {
    package var chatAddresses: [CallerAddress] {
        [
            CallerAddress("/model/{model+}/invoke", isStream: false),
            CallerAddress("/model/{model+}/invoke-with-response-stream", isStream: true),
        ]
    }

    package func decodeChat(_ document: JSONDocument, at path: CalledPath) throws(APIProblem) -> ChatRequest {
        try Self.checkShape(document.root)
        return try messages.decodeChat(document, at: path)
    }

    /// - Throws: ``APIProblem`` for a body of another maker's API.
    static func checkShape(_ root: JSONView) throws(APIProblem) {
        guard root.kind == .object, root["messages"]?.isNull != false else { return }
        throw APIProblem(
            .invalidRequest,
            "InvokeModel takes bodies of Anthropic's Messages here (anthropic_version, max_tokens, messages): "
                + "ask models of other makers with Converse.", field: "messages")
    }

    /// A guardrail of the account's at Amazon, which no other provider applies.
    package var bindingFields: Set<String> { ["x-amzn-bedrock-guardrailidentifier"] }

    // MARK: Answers

    package func addAnswerFields(requestID: String, to fields: inout HTTPFieldList) {
        fields.append("x-amzn-requestid", requestID)
        // The type of what a stream's messages carry.
        fields.append("x-amzn-bedrock-content-type", "application/json")
    }

    package func encodeReply(_ reply: ChatReply, to request: ChatRequest) -> ByteBuffer {
        messages.encodeReply(reply, to: request)
    }

    package func makeStreamEncoder(for request: ChatRequest) -> any StreamEncoder {
        InvokeEventEncoder(messages.makeStreamEncoder(for: request))
    }

    package func encodeStreamEnd() -> ByteBuffer {
        var bytes = ByteBuffer()
        InvokeChunks.write(InvokeChunks.lastEvent(nil), to: &bytes)
        return bytes
    }

    // MARK: Supervision

    package func passages(of document: JSONDocument, at path: CalledPath) throws(APIProblem) -> RequestPassages {
        try messages.passages(of: document, at: path)
    }

    package func pieces(ofAnswer document: JSONDocument) throws(UnreadableReply) -> [AnswerPiece] {
        try messages.pieces(ofAnswer: document)
    }

    package func makeAnswerReader() -> any AnswerReader { InvokeEventReader(messages.makeAnswerReader()) }

    package func encodeBlockedReply(_ refusal: AnswerRefusal, inPlaceOf withheld: JSONDocument?) -> ByteBuffer {
        messages.encodeBlockedReply(refusal, inPlaceOf: withheld)
    }
}
