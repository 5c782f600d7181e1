import Custody
import DialectOpenAI
package import EngineHost
import Gateway
import Logging
package import NIOCore
import Providers
package import Supervision
import Synchronization
import Wire

/// The process of the second stage's model, loaded as every hosted model is:
/// out of sealed memory, with a receipt, shut in, as a user of its own, behind
/// a socket whose listener is looked at before each connection.
package final class SecondStageEngine: WindowEmbedder {
    /// The engine, for its status, its receipt and its restarts.
    package let process: EngineProcess
    private let refusals: Refusals
    private let lane: HTTPLane
    private let executor: EventLoopTaskExecutor
    private let dialect = OpenAIDialect()
    /// Requests in a row that were not answered in time.
    private let silences = Atomic<Int>(0)

    /// From a request to its answer: more than many windows take.
    private static let patience = Duration.seconds(5)
    /// Unanswered requests in a row after which the process counts as hung.
    private static let mostSilences = 2
    /// Bytes of an answer with one vector, which has some 8 KiB.
    private static let mostBytes = 64 << 10
    /// llama.cpp's server closes a connection after 5 s without a request.
    private static let keepAlive = TimeAmount.seconds(4)

    /// - Parameters:
    ///   - process: Loads its weights by `refusals`.
    ///   - refusals: hears why weights were refused.
    ///   - eventLoop: of all its requests.
    /// - Throws: Nothing, as long as sockets of this machine need no TLS.
    package init(_ process: EngineProcess, refusals: Refusals, eventLoop: any EventLoop) throws {
        self.process = process
        self.refusals = refusals
        var options = LaneOptions(endpoint: .unix(path: process.socketPath), authority: "localhost", basePath: "/v1")
        options.keepAlive = Self.keepAlive
        options.connectTimeout = .seconds(1)
        options.firstByteTimeout = Self.patience.nio
        options.idleTimeout = Self.patience.nio
        options.maxConnections = 8
        options.admit = { process.admitPeer(of: $0) }
        lane = try HTTPLane(options, eventLoops: [eventLoop])
        executor = EventLoopTaskExecutor(eventLoop)
    }

    package var isReady: Bool { if case .ready = process.state { true } else { false } }

    package var refusal: String? { refusals.reason }

    package func embed(_ text: String) async -> EmbeddingAnswer {
        let answer = await ask(text, again: true)
        if answer != .silent {
            silences.store(0, ordering: .relaxed)
        } else if silences.add(1, ordering: .relaxed).newValue >= Self.mostSilences {
            silences.store(0, ordering: .relaxed)
            process.killHung(after: Self.patience)
        }
        return answer
    }

    /// - Parameter again: True if it may be asked once more, on a new
    ///   connection, where it had closed the old one.
    private func ask(_ text: String, again: Bool) async -> EmbeddingAnswer {
        var json = JSONWriter()
        json.object { json in
            json.member("model", process.model)
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
        case .garbage: .malformed
        case .firstByteTimeout, .firstTokenTimeout, .stalled, .totalTimeout, .connectTimeout: .silent
        case .unreachable, .closedBeforeHead, .cut, .overloaded, .notReady, .ownShortage, .usedUp: .gone
        }
    }

    private func read(_ body: ByteBuffer) -> EmbeddingAnswer {
        guard let reply = try? dialect.decodeEmbeddingsReply(body), reply.vectors.count == 1,
            case .floats(let numbers)? = reply.vectors.first, let vector = EmbeddingVector(numbers)
        else { return .malformed }
        return .vector(vector)
    }

    // MARK: Weights

    /// The last refusal of the model's weights.
    package final class Refusals: Sendable {
        private let last = Mutex<String?>(nil)

        package init() {}

        package var reason: String? { last.withLock { $0 } }

        /// Loads weights, and keeps the reason where they are refused.
        ///
        /// - Parameter digest: SHA-256, in hexadecimal digits, of the only file
        ///   whose vectors the heads can read.
        package func load(
            trainedOn digest: String, _ load: () async throws(CustodyProblem) -> SealedWeights
        ) async throws(CustodyProblem) -> SealedWeights {
            do throws(CustodyProblem) {
                let sealed = try await load()
                guard sealed.files.map(\.sha256.hex) == [digest] else {
                    throw CustodyProblem(
                        .mismatch,
                        "the supervisor's heads were trained on another model file, of SHA-256 \(digest)",
                        remedy: "run `holdfast supervisor install`, and have that file signed")
                }
                last.withLock { $0 = nil }
                return sealed
            } catch {
                last.withLock { $0 = error.what }
                throw error
            }
        }
    }
}
