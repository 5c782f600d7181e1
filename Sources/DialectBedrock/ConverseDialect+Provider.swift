package import Conversation
package import NIOCore
package import Wire

/// The Converse API as Amazon Bedrock speaks it.
///
/// The model stands in the path, and so does whether a stream is wanted. A
/// whole answer and a stream say neither an id nor the model.
///
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
extension ConverseDialect: ProviderProtocol, TokenCountProvider {
    // MARK: The way there

    package func chatEndpoint(model: String, isStream: Bool) -> String {
        BedrockPath.model(model) + (isStream ? "/converse-stream" : "/converse")
    }

    package func tokenCountEndpoint(model: String) -> String { BedrockPath.model(model) + "/count-tokens" }

    /// Of the control plane, which has an address of its own.
    package var modelsPath: String? { "/foundation-models" }

    /// A Bedrock API key.
    package func credential(_ key: String) -> (name: String, value: String) { ("authorization", "Bearer \(key)") }

    // MARK: The request

    package var longestToolName: Int { 64 }
    package var namesItsAnswers: Bool { false }

    package func encodeChat(
        _ request: ChatRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        if let nonsense = request.nonsense { throw nonsense }
        let request = ToolNames(request, longest: longestToolName).written(request)
        return try ConverseRequestWriter.write(request, model: model, dropped: &dropped)
    }

    package func repair(_ body: ByteBuffer, model: String, dropped: inout [String], into splices: inout Splices) {
        ConverseRepair.repair(body, dropped: &dropped, into: &splices)
    }

    // MARK: The answer

    package func decodeReply(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply {
        try ConverseReplyReader.read(body)
    }

    package func makeStreamDecoder() -> any StreamDecoder { ConverseStreamReader() }

    package func decodeError(status: Int, body: ByteBuffer) -> ProviderError {
        BedrockException.read(status: status, body: body)
    }

    package var errorVocabulary: ErrorVocabulary { .bedrock }

    // MARK: Passing through

    package func makeStreamWatcher() -> any StreamWatcher { ConverseStreamWatcher() }

    package func usage(inReply reply: JSONView) -> Usage? { reply["usage"].flatMap(ConverseUsage.read) }
}
