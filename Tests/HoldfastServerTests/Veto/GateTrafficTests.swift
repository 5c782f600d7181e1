import Conversation
import Gateway
import HoldfastServer
import Testing

/// The requests by which a gate judges a route's cut-over.
@Suite struct GateTrafficTests {
    private func record(
        _ outcome: RequestRecord.Outcome, _ code: String? = nil, on route: String = "talk"
    ) -> RequestRecord {
        let problem = APIProblem(.unavailable, "a test", code: code)
        let record = RequestRecord(refused: "r", operation: "chat", door: .openai, keyID: "k", problem: problem)
        record.outcome = outcome
        record.route = route
        return record
    }

    private func tally(_ records: [RequestRecord], isOn: Bool = true) -> GateTally? {
        let traffic = GateTraffic()
        traffic.count(isOn)
        for record in records { traffic.record(record) }
        return traffic.totals.routes["talk"]?.since(nil)
    }

    @Test func countsAnswersAndFailuresOfItsRoute() {
        let records = [
            record(.served), record(.failed), record(.truncated), record(.providerError), record(.served, on: "other"),
            record(.refused), record(.blocked), record(.limited), record(.callerGone),
        ]
        #expect(tally(records) == GateTally(good: 1, bad: 3))
        #expect(tally(records, isOn: false) == nil)
    }

    @Test(
        "a refusal of a suspension alone is no failure of a standby",
        arguments: [RequestRecord.Outcome.failed, .truncated])
    func refusedBySuspensions(_ outcome: RequestRecord.Outcome) {
        let refused = [RequestRecord](repeating: record(outcome, "suspended"), count: 30)
        #expect(tally(refused + [record(.served)]) == GateTally(good: 1))
        #expect(tally([record(outcome, "held")]) == GateTally(bad: 1))
        #expect(tally(refused) == nil)
    }

    @Test("an answer of a suspended candidate says nothing of the others")
    func answeredBySuspended() {
        let traffic = GateTraffic()
        traffic.count(true, suspended: ["lab/pulled"])
        for candidate in ["lab/pulled", "lab/standby", "lab/pulled"] {
            let record = record(.served)
            record.handOvers = [HandOver(by: candidate, cause: "suspended", at: 3)]
            traffic.record(record)
        }
        // The failure of a suspended candidate at a share: nobody answered.
        let failed = record(.failed)
        traffic.record(failed)
        #expect(traffic.totals.routes["talk"]?.since(nil) == GateTally(good: 1, bad: 1))
    }
}
