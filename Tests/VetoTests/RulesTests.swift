import Seeded
import Signing
import Testing
import Veto

/// The rules under random orders of events, against a model that keeps them in
/// another way: by the signatures that the test has made itself.
@Suite struct RulesTests {
    private static let steps = 100_000
    private static let stepsOfOneHouse = 250

    @Test func noOrderOfEventsBreaksARule() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("rules of a veto: seed \(seed)")
        var counts: [String: Int] = [:]
        for house in 0..<Self.steps / Self.stepsOfOneHouse {
            var trial = try RulesTrial(seed: seed &+ UInt64(house) &* 7919)
            for step in 0..<Self.stepsOfOneHouse {
                do { try trial.step() } catch {
                    throw RulesTrial.Broken("seed \(seed), house \(house), step \(step): \(error)")
                }
            }
            do { try trial.finish() } catch { throw RulesTrial.Broken("seed \(seed), house \(house): \(error)") }
            counts.merge(trial.counts) { $0 + $1 }
        }
        print(
            "rules of a veto: \(counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))"
        )
        // The trial must have come by everything, else it shows nothing.
        for name in [
            "by people", "by expiry", "by a standard", "restored", "replayed", "rosters", "replaced", "refused",
        ] {
            #expect((counts[name] ?? 0) > 20, "\(name)")
        }
    }
}
