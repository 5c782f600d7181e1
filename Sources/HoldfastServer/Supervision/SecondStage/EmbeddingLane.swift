import Conversation
import DialectOpenAI
import Gateway
package import NIOCore
import Providers
import Supervision
import Wire

/// The way to an engine's `/v1/embeddings` over its Unix socket, for one text
/// at a time.
package struct EmbeddingLane: Sendable {
    private let model: String
    private let lane: HTTPLane
    private let executor: EventLoopTaskExecutor
    private let dialect = OpenAIDialect(now: { SystemClock.seconds() })

    /// From a request to its answer: more than many windows take.
    package static let patience = Duration.seconds(5)
    /// Bytes of an answer with one vector, which has some 8 KiB.
    private static let mostBytes = 64 << 10
    /// llama.cpp's server closes a connection after 5 s without a request.
    private static let keepAlive = TimeAmount.seconds(4)

    /// - Parameters:
    ///   - model: the name of the model.
    ///   - admit: looks at a new connection before a byte goes out on it.
    ///   - eventLoop: of all its requests.
    /// - Throws: Nothing, as long as sockets of this machine need no TLS.
    package init(
        socketPath: String, model: String, admit: (@Sendable (any Channel) -> EventLoopFuture<Void>)? = nil,
        eventLoop: any EventLoop
    ) throws {
        self.model = model
        var options = LaneOptions(endpoint: .unix(path: socketPath), authority: "localhost", basePath: "/v1")
        options.keepAlive = Self.keepAlive
        options.connectTimeout = .seconds(1)
        options.firstByteTimeout = Self.patience.nio
        options.idleTimeout = Self.patience.nio
        options.maxConnections = 16
        options.admit = admit
        lane = try HTTPLane(options, eventLoops: [eventLoop])
        executor = EventLoopTaskExecutor(eventLoop)
    }

    package func embed(_ text: String) async -> EmbeddingAnswer { await ask(text, again: true) }

    /// - Parameter again: True if it may be asked once more, on a new
    ///   connection, where it had closed the old one.
    private func ask(_ text: String, again: Bool) async -> EmbeddingAnswer {
        var json = JSONWriter()
        json.object { json in
            json.member("model", model)
            json.member("input", text)
        }
        do {
            let (status, body) = try await lane.exchange(
                LaneRequest(path: "/embeddings", body: json.buffer), on: executor
            ) { response in
                (response.head.status, try await response.collect(upTo: Self.mostBytes))
            }
            return status == 200 ? read(body) : status == 503 ? .gone : .malformed
        } catch LaneFailure.closedBeforeHead(reused: true) where again {
            return await ask(text, again: false)
        } catch let failure as LaneFailure {
            return Self.answer(failure)
        } catch {
            // Another process listens there, or the task was cancelled.
            return .gone
        }
    }

    private static func answer(_ failure: LaneFailure) -> EmbeddingAnswer {
        switch failure {
        case .garbage, .damaged: .malformed
        case .firstByteTimeout, .firstTokenTimeout, .stalled, .totalTimeout, .connectTimeout: .silent
        case .unreachable, .closedBeforeHead, .cut, .overloaded, .notReady, .ownShortage, .usedUp: .gone
        }
    }

    private func read(_ body: ByteBuffer) -> EmbeddingAnswer {
        guard let reply = try? dialect.decodeEmbeddingsReply(body), reply.vectors.count == 1,
            case .floats(let numbers) = reply.vectors[0], let vector = EmbeddingVector(numbers)
        else { return .malformed }
        return .vector(vector)
    }
}
