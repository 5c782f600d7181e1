package import Conversation
import DialectAnthropic
package import NIOCore
package import Wire

extension ConverseDialect: CallerProtocol {
    /// Ids and ARNs come escaped, as boto3 sends them, or as they are.
    package var chatAddresses: [CallerAddress] {
        [
            CallerAddress("/model/{model+}/converse", isStream: false),
            CallerAddress("/model/{model+}/converse-stream", isStream: true),
        ]
    }

    /// Every client of Amazon's sends it, whatever it signs with.
    package var markerField: String? { "amz-sdk-invocation-id" }

    package func decodeChat(_ document: JSONDocument, at path: CalledPath) throws(APIProblem) -> ChatRequest {
        try ConverseRequestReader.read(Field(root: document.root), at: path)
    }

    package func mostTokens(_ body: JSONView) -> Int? {
        guard let inference = body["inferenceConfig"], inference.kind == .object, inference.range.count < 64 << 10,
            let most = (try? inference.fragment.document())?.root["maxTokens"]?.int
        else { return nil }
        return max(0, most)
    }

    package func continuesThread(_ body: JSONView) -> Bool { false }
    package func expectsSharedTerms(_ body: JSONView) -> Bool { true }

    // MARK: Answers

    package func addAnswerFields(requestID: String, to fields: inout HTTPFieldList) {
        fields.append("x-amzn-requestid", requestID)
    }

    package func encodeReply(_ reply: ChatReply, to request: ChatRequest) -> ByteBuffer {
        ConverseReplyWriter.write(reply, since: request.arrived)
    }

    package func makeStreamEncoder(for request: ChatRequest) -> any StreamEncoder {
        ConverseEventEncoder(since: request.arrived)
    }

    /// `metadata`, which nothing follows; its cost is not known here.
    package func encodeStreamEnd() -> ByteBuffer {
        var bytes = ByteBuffer()
        ConverseEventKind.write(ConverseEventKind.metadata, to: &bytes) {
            ConverseAnswerShape.writeCost(nil, since: nil, to: &$0)
        }
        return bytes
    }
}

/// Errors as Amazon's clients raise them, for both doors of Bedrock's.
protocol AmazonErrors: CallerErrors {}

extension AmazonErrors {
    package func encodeProblem(_ problem: APIProblem, requestID: String) -> ByteBuffer {
        AmazonError(problem).encoded()
    }

    package func encodeProviderError(_ error: ProviderError, requestID: String) -> ByteBuffer {
        AmazonError(error).encoded()
    }

    package func status(for error: ProviderError) -> Int {
        AmazonError.status(forProviderStatus: error.status)
    }

    package func status(of problem: APIProblem) -> Int { AmazonError(problem).status }

    package func encodeStreamProblem(_ problem: APIProblem, requestID: String) -> ByteBuffer {
        AmazonError(problem).encodedInStream()
    }

    package func addErrorFields(of problem: APIProblem, to fields: inout HTTPFieldList) {
        AmazonError(problem).addFields(to: &fields)
    }

    package func addErrorFields(of error: ProviderError, to fields: inout HTTPFieldList) {
        AmazonError(error).addFields(to: &fields)
    }
}

extension ConverseDialect: AmazonErrors {}
