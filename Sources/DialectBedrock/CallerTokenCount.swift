package import Conversation
import DialectAnthropic
import Encodings
package import NIOCore
package import Wire

/// `POST /model/{model}/count-tokens`: what a request of Converse or of
/// InvokeModel would be charged as its input.
///
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
extension ConverseDialect: TokenCountCaller {
    package var tokenCountAddresses: [CallerAddress] {
        [CallerAddress("/model/{model+}/count-tokens", isStream: false)]
    }

    package func decodeCountTokens(_ document: JSONDocument, at path: CalledPath) throws(APIProblem) -> ChatRequest {
        let root = Field(root: document.root)
        var input: Field?
        for (name, value) in try root.members() {
            guard name == "input" else { throw root.member(dynamic: name, value).problem("Is not known.") }
            input = root.member("input", value)
        }
        guard let input else { throw root.missing("input") }
        let (kind, request) = try input.onlyMember(of: "converse or invokeModel")
        switch kind {
        case "converse": return try ConverseRequestReader.read(request, at: path)
        case "invokeModel": return try Self.invoked(request, at: path)
        default: throw request.problem("Must be \"converse\" or \"invokeModel\".")
        }
    }

    private static func invoked(_ request: Field, at path: CalledPath) throws(APIProblem) -> ChatRequest {
        guard let value = request.view["body"], !value.isNull else { throw request.missing("body") }
        let field = request.member("body", value)
        guard let bytes = Base64.decode(try field.text()) else { throw field.problem("Must be base 64.") }
        let body: JSONDocument
        do throws(JSONProblem) {
            body = try JSONDocument(ByteBuffer(bytes: bytes))
        } catch {
            throw field.problem("Must be JSON in base 64: \(error)")
        }
        try InvokeDialect.checkShape(body.root)
        return try AnthropicDialect().decodeCountTokens(body, at: path)
    }

    package func estimateTokens(_ request: ChatRequest) -> Int { AnthropicDialect().estimateTokens(request) }

    package func encodeTokenCount(_ tokens: Int) -> ByteBuffer {
        var json = JSONWriter()
        json.object { $0.member("inputTokens", tokens) }
        return json.buffer
    }
}
