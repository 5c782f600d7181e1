import AWSSigning
import CloudCredentials
import Gateway
import NIOCore
import Providers
import Wire

/// The way to a provider whose requests are signed: a request waits, bounded in
/// time, where there is no credential that can be used.
final class CredentialLane: ProviderLane {
    private let keeper: CredentialKeeper
    private let lane: HTTPLane

    init(_ keeper: CredentialKeeper, before lane: HTTPLane) {
        self.keeper = keeper
        self.lane = lane
    }

    func exchange<T: Sendable>(
        _ request: LaneRequest, on executor: EventLoopTaskExecutor, _ body: (any LaneResponse) async throws -> T
    ) async throws -> T {
        // As a rule there is one, and nothing waits.
        if keeper.current == nil {
            if let ending = request.ending {
                try await EndableWait.run(ending, on: executor) { try await self.untilReady() }
            } else {
                try await untilReady()
            }
        }
        let keyID = keeper.current?.keyID
        return try await lane.exchange(request, on: executor) { response in
            if let keyID, Self.refusesKey(response.head) { self.keeper.refused(keyID) }
            return try await body(response)
        }
    }

    /// Returns whether an answer says that a key is not valid any more. The
    /// failure is judged as every other; the probe that follows it has a fresh
    /// key, if there is one.
    private static func refusesKey(_ head: ResponseHead) -> Bool {
        guard head.status == 401 || head.status == 403, let type = head.fields["x-amzn-errortype"] else { return false }
        return ["ExpiredToken", "UnrecognizedClient", "InvalidClientTokenId", "InvalidSignature"].contains {
            type.hasPrefix($0)
        }
    }

    private func untilReady() async throws {
        do {
            try await keeper.ready()
        } catch is CredentialProblem {
            // Paths, commands and their words are the operator's: the log has them.
            throw LaneFailure.unreachable("its credential can't be fetched; Holdfast's log says why")
        }
    }
}
