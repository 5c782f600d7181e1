package import Conversation
import DialectOpenAI
package import NIOCore
package import Wire

extension ResponsesDialect: CallerProtocol {
    package var chatAddresses: [CallerAddress] { [CallerAddress("/v1/responses")] }

    // MARK: The request

    /// Reads what every operation needs, and refuses what would need a
    /// conversation that somebody keeps: here, where no path leads around it.
    package func readHead(_ body: JSONView, at path: CalledPath) throws(APIProblem) -> RequestHead {
        for (name, value) in body.members where !value.isNull {
            if name.isString("previous_response_id") { throw .responseNotFound }
            if name.isString("conversation") { throw .noConversations }
            if name.isString("background"), value.kind != .false { throw .noBackground }
        }
        return try RequestHead(reading: body, at: path)
    }

    package func decodeChat(_ document: JSONDocument, at path: CalledPath) throws(APIProblem) -> ChatRequest {
        var reader = RequestReader()
        return try reader.read(document)
    }

    package func mostTokens(_ body: JSONView) -> Int? {
        body["max_output_tokens"]?.int.flatMap { $0 >= 0 ? $0 : nil }
    }

    /// Such requests are refused (``readHead(_:at:)``).
    package func continuesThread(_ body: JSONView) -> Bool { false }
    package func expectsSharedTerms(_ body: JSONView) -> Bool { true }

    // MARK: The answer

    package func encodeReply(_ reply: ChatReply, to request: ChatRequest) -> ByteBuffer {
        ReplyWriter.write(reply, to: request, now: now())
    }

    package func makeStreamEncoder(for request: ChatRequest) -> any StreamEncoder {
        StreamWriter(for: request, now: now)
    }

    package func encodeStreamEnd() -> ByteBuffer { ByteBuffer(string: "data: [DONE]\n\n") }

    // MARK: Errors

    package func encodeProblem(_ problem: APIProblem, requestID: String) -> ByteBuffer {
        ResponseProblem(problem).body
    }

    package func encodeProviderError(_ error: ProviderError, requestID: String) -> ByteBuffer {
        ResponseProblem(error).body
    }

    package func status(for error: ProviderError) -> Int { ErrorObject.status(of: error) }

    package func encodeStreamProblem(_ problem: APIProblem, requestID: String) -> ByteBuffer {
        ResponseProblem.event(problem, id: BoundItems().answerID(requestID: requestID), now: now())
    }
}

extension APIProblem {
    static let responseNotFound = APIProblem(
        .invalidRequest,
        "No earlier response is kept here: an answer comes from whichever provider is there, and none of them keeps it "
            + "(`store` is false). Send the whole conversation in `input`, without `previous_response_id`.",
        field: "previous_response_id", code: "previous_response_not_found")

    static let noConversations = APIProblem(
        .invalidRequest,
        "`conversation` names a conversation that a provider would keep, and none is kept here. Send the whole "
            + "conversation in `input`.",
        field: "conversation", code: "unsupported_parameter")

    static let noBackground = APIProblem(
        .invalidRequest,
        "`background` would have a provider keep the answer for later, and none is kept here. Leave it out, and read the "
            + "answer as it comes, best as a stream.",
        field: "background", code: "unsupported_parameter")
}
