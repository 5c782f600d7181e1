package import Conversation
import DialectOpenAI
package import NIOCore
package import Wire

extension ResponsesDialect: ProviderProtocol, CompactionProvider {
    // MARK: The way there

    package func chatEndpoint(model: String, isStream: Bool) -> String { "/responses" }
    package func compactionEndpoint(model: String) -> String { "/responses/compact" }
    package var modelsPath: String? { "/models" }
    package var serverTraits: ServerTraits? { traits }
    package func credential(_ key: String) -> (name: String, value: String) { ("authorization", "Bearer \(key)") }

    // MARK: The request

    package var longestToolName: Int { 64 }

    package func encodeChat(
        _ request: ChatRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        if let nonsense = request.nonsense { throw nonsense }
        var writer = RequestWriter(model: model, traits: traits)
        let body = writer.write(ToolNames(request, longest: longestToolName).written(request))
        if let refusal = writer.refusal { throw refusal }
        dropped += writer.dropped
        return body
    }

    package func repair(
        _ body: ByteBuffer, model: String, dropped: inout [String], into splices: inout Splices
    ) throws(CannotCarry) {
        guard let document = try? JSONDocument(body, limits: .skim) else { return }
        try repair(document.root, leavingOut: [], model: model, dropped: &dropped, into: &splices)
    }

    package func repair(
        _ body: JSONView, leavingOut foreign: [Int], model: String, dropped: inout [String], into splices: inout Splices
    ) throws(CannotCarry) {
        var repair = RequestRepair(splices: splices)
        repair.keepNothing(of: body)
        try repair.leaveOutItems(of: body, foreign: foreign)
        splices = repair.splices
        dropped += repair.dropped
    }

    package func repairCompaction(
        _ body: JSONView, leavingOut foreign: [Int], dropped: inout [String], into splices: inout Splices
    ) throws(CannotCarry) {
        var repair = RequestRepair(splices: splices)
        try repair.leaveOutItems(of: body, foreign: foreign)
        splices = repair.splices
        dropped += repair.dropped
    }

    // MARK: The answer

    package func decodeReply(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply { try ReplyReader.read(body) }
    package func makeStreamDecoder() -> any StreamDecoder { EventReader() }
    package var errorVocabulary: ErrorVocabulary { .responses }

    /// Outside of streams the errors are those of the other APIs of OpenAI's.
    package func decodeError(status: Int, body: ByteBuffer) -> ProviderError {
        if let root = try? JSONDocument(body).root, root["error"]?.kind != .object,
            let error = ProviderError(response: root)
        {
            return error
        }
        return OpenAIDialect(now: now).decodeError(status: status, body: body)
    }

    // MARK: Passing through

    package func makeStreamWatcher() -> any StreamWatcher { EventWatcher() }

    package func usage(inReply reply: JSONView) -> Usage? {
        reply["usage"].flatMap { try? Usage(responses: $0) }
    }
}
