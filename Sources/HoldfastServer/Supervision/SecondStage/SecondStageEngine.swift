package import Custody
package import EngineHost
package import NIOCore
package import Supervision
import Synchronization

/// The process of the second stage's model, loaded as every hosted model is:
/// out of sealed memory, with a receipt, shut in, as a user of its own, behind
/// a socket whose listener is looked at before each connection.
package final class SecondStageEngine: WindowEmbedder {
    /// The engine, for its status, its receipt and its restarts.
    package let process: EngineProcess
    private let refusals: Refusals
    private let lane: EmbeddingLane
    /// Requests in a row that were not answered in time.
    private let silences = Atomic<Int>(0)

    /// Unanswered requests in a row after which the process counts as hung.
    private static let mostSilences = 2

    /// - Parameters:
    ///   - process: Loads its weights by `refusals`.
    ///   - refusals: hears why weights were refused.
    ///   - eventLoop: of all its requests.
    /// - Throws: Nothing, as long as sockets of this machine need no TLS.
    package init(_ process: EngineProcess, refusals: Refusals, eventLoop: any EventLoop) throws {
        self.process = process
        self.refusals = refusals
        lane = try EmbeddingLane(
            socketPath: process.socketPath, model: process.model, admit: { process.admitPeer(of: $0) },
            eventLoop: eventLoop)
    }

    package var isReady: Bool { if case .ready = process.state { true } else { false } }

    package var refusal: String? { refusals.reason }

    package func embed(_ text: String) async -> EmbeddingAnswer {
        let answer = await lane.embed(text)
        if answer != .silent {
            silences.store(0, ordering: .relaxed)
        } else if silences.add(1, ordering: .relaxed).newValue >= Self.mostSilences {
            silences.store(0, ordering: .relaxed)
            process.killHung(after: EmbeddingLane.patience)
        }
        return answer
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
