import Conversation
import DialectOpenAI
import Gateway
import NIOCore
import Wire

/// Counts a prompt's tokens exactly, by the engine's own template and
/// tokenizer.
struct EngineTokenCounter: TokenCounter {
    let dialect: EngineDialect
    /// To the engine's root, beside its API.
    let lane: EngineLane

    func count(_ request: ChatRequest, model: String, on executor: EventLoopTaskExecutor) async throws -> Int {
        do {
            let template = try await ask(
                EngineDialect.templatePath, try dialect.encodeTemplateRequest(request, model: model), executor)
            let tokens = try await ask(
                EngineDialect.tokenizePath, try dialect.encodeTokenizeRequest(template: template), executor)
            return try dialect.decodeTokenCount(tokens)
        } catch let error as UnreadableReply {
            throw LaneFailure.garbage(error.reason)
        }
    }

    private func ask(_ path: String, _ body: ByteBuffer, _ executor: EventLoopTaskExecutor) async throws -> ByteBuffer {
        let dialect = dialect
        return try await lane.exchange(LaneRequest(path: path, body: body), on: executor) { response in
            let answer = try await response.collect(upTo: 256 << 20)
            guard response.head.status == 200 else {
                throw dialect.decodeError(status: response.head.status, body: answer)
            }
            return answer
        }
    }
}
