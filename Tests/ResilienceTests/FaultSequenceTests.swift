import Seeded
import Failures
import Resilience
import Testing

@Suite struct FaultSequenceTests {
    @Test(arguments: [UInt64.random(in: 0...UInt64.max), 1, 2, 3])
    func noSequenceOfFaultsBreaksARule(seed: UInt64) {
        print("seed \(seed)")
        var random = SplitMix(seed: seed)
        let bench = Bench()
        let places = ["a", "b", "c"].flatMap { [Bench.place($0), Bench.place($0, host: "i")] }
        let scopes: [Cause: Scope] = [
            .withdrawn: .model, .denied: .credentialModel, .exhausted: .credential, .throttled: .credentialModel,
            .credential: .credential, .refused: .request, .tooLong: .request, .callerFault: .request,
            .nestedReference: .request, .unreachable: .host,
        ]
        var underWay: [(token: AttemptToken, began: Duration)] = []
        var requests: [Duration] = []
        var repeats: [Duration] = []
        for _ in 0..<10_000 {
            bench.tick += .milliseconds(Int.random(in: 0...400, using: &random))
            let place = places.randomElement(using: &random)!
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<8:
                bench.book.noteRequest(at: "h", now: bench.now)
                requests.append(bench.tick)
                let standing = bench.book.standing(of: place, now: bench.now)
                let token = bench.book.enter(place, now: bench.now)
                #expect((standing == .free) == (token != nil), "seed \(seed)")
                guard let token else { continue }
                let held = bench.book.holds.contains {
                    $0.firmness != .timed && $0.host == place.host && ["", place.model].contains($0.model)
                        && ["", place.credential].contains($0.credential)
                }
                #expect(!held, "seed \(seed)")
                if token.isTrial {
                    let others = underWay.filter {
                        $0.token.isTrial && $0.token.place == place && bench.tick - $0.began < .seconds(60)
                    }
                    #expect(others.isEmpty, "seed \(seed)")
                }
                underWay.append((token, bench.tick))
            case 8..<16:
                guard let index = underWay.indices.randomElement(using: &random) else { continue }
                let token = underWay.remove(at: index).token
                switch Int.random(in: 0..<8, using: &random) {
                case 0: bench.book.abandoned(token, now: bench.now)
                case 1: break  // Lost.
                case 2..<5: _ = bench.book.succeeded(token, now: bench.now)
                default:
                    let cause = Cause.allCases.randomElement(using: &random)!
                    let verdict = Verdict(
                        cause, scopes[cause] ?? .model, evidence: Bool.random(using: &random) ? .ambiguous : .explicit,
                        rule: "random")
                    _ = bench.book.failed(
                        token, FailureReport(Judgement(verdict, memory: verdict), status: nil), now: bench.now)
                }
            case 16, 17:
                if bench.book.mayRepeat(at: "h", now: bench.now) {
                    repeats.append(bench.tick)
                    let minute = bench.tick - .seconds(60)
                    let allowed = max(10, requests.reversed().prefix { $0 > minute }.count / 5)
                    #expect(repeats.reversed().prefix { $0 > minute }.count <= allowed, "seed \(seed)")
                }
            case 18:
                for order in bench.book.dueProbes(now: bench.now) where Bool.random(using: &random) {
                    _ = bench.book.probed(order, .answered, now: bench.now)
                }
            default:
                guard let hold = bench.book.holds.randomElement(using: &random) else { continue }
                _ = bench.book.restore(hold.id, by: "me", now: bench.now)
            }
        }
        // The faults stop: everything that is asked for comes back.
        for hold in bench.book.holds { _ = bench.book.restore(hold.id, by: "me", now: bench.now) }
        for _ in 0..<160 {
            bench.tick += .seconds(1)
            for place in places {
                if let token = bench.book.enter(place, now: bench.now) {
                    _ = bench.book.succeeded(token, now: bench.now)
                }
            }
        }
        #expect(bench.book.breakers(now: bench.now).allSatisfy { $0.state == .closed }, "seed \(seed)")
        #expect(places.allSatisfy { bench.isFree($0) }, "seed \(seed)")
        #expect(bench.book.isQuiet, "seed \(seed)")
    }
}
