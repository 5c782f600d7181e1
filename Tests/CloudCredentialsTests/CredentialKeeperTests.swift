import AWSSigning
import CloudCredentials
import Synchronization
import Testing

/// Requests that hang, or ask the source once each.
@Suite struct CredentialKeeperTests {
    /// A source whose answers the test gives.
    private final class Source: Sendable {
        private let asked = Mutex<[CheckedContinuation<Result<AWSCredential, CredentialProblem>, Never>]>([])
        private let arrivals: AsyncStream<Void>
        private let arrived: AsyncStream<Void>.Continuation
        let notes = Mutex<[CredentialProblem]>([])
        let clock = Mutex(0)

        init() { (arrivals, arrived) = AsyncStream.makeStream() }

        func keeper() -> CredentialKeeper {
            CredentialKeeper(
                "a source", lasting: nil, now: { self.clock.withLock { $0 } },
                fetch: { () async throws(CredentialProblem) in try await self.fetch() },
                note: { problem in self.notes.withLock { $0.append(problem) } })
        }

        private func fetch() async throws(CredentialProblem) -> AWSCredential {
            let result = await withCheckedContinuation { continuation in
                asked.withLock { $0.append(continuation) }
                arrived.yield()
            }
            return try result.get()
        }

        /// Waits until it is asked, and answers.
        func answer(_ result: Result<AWSCredential, CredentialProblem>) async {
            for await _ in arrivals { break }
            asked.withLock { $0.removeFirst() }.resume(returning: result)
        }

        var open: Int { asked.withLock { $0.count } }
    }

    private let credential = AWSCredential(keyID: "A", secret: "s", expires: 3600)

    @Test func allRequestsWaitForOneFetch() async throws {
        let source = Source()
        let keeper = source.keeper()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { try await keeper.ready() } }
            await source.answer(.success(credential))
            try await group.waitForAll()
        }
        #expect(source.open == 0)
        #expect(keeper.current == credential)
    }

    @Test func aFailureReachesEveryRequestAndTheLogOnce() async {
        let source = Source()
        let keeper = source.keeper()
        let failed = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    do { try await keeper.ready() } catch { return error is CredentialProblem }
                    return false
                }
            }
            await source.answer(.failure(CredentialProblem("no")))
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(failed == 10)
        #expect(source.notes.withLock { $0.count } == 1)
    }

    @Test func aRequestThatIsGivenUpWaitsNoLongerAndTakesNothingAway() async throws {
        let source = Source()
        let keeper = source.keeper()
        let given = Task { try await keeper.ready() }
        let patient = Task { try await keeper.ready() }
        given.cancel()
        await #expect(throws: CancellationError.self) { try await given.value }
        await source.answer(.success(credential))
        try await patient.value
    }

    @Test func itIsRenewedWithoutARequest() async throws {
        let source = Source()
        let keeper = source.keeper()
        keeper.renew()
        await source.answer(.success(credential))
        try await keeper.ready()
        source.clock.withLock { $0 = 3000 }
        keeper.renew()
        let fresh = AWSCredential(keyID: "B", secret: "s", expires: 7200)
        await source.answer(.success(fresh))
        source.clock.withLock { $0 = 3595 }
        try await keeper.ready()
        #expect(keeper.current == fresh)
    }
}
