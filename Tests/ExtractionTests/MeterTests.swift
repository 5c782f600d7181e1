import Extraction
import GatewayTesting
import Seeded
import Testing

/// Tests of the meters: the amount that was disclosed to each caller, and the limit.
@Suite struct MeterTests {
    private static func model(
        _ hiddenSize: Int? = 6, perKey: Double = 0.5, perTenant: Double = 0.8, egress: Int? = nil, name: String = "here"
    ) -> HostedModel {
        HostedModel(
            name: name, weights: "/models/w.gguf", hiddenSize: hiddenSize,
            shares: RecoveryShares(perKey: perKey, perTenant: perTenant), egressPerDay: egress)
    }

    // MARK: The cost

    @Test("the cost is not the paper's", arguments: [(576, 336_400, 84_100), (4096, 16_810_000, 4_202_500)])
    func cost(hiddenSize: Int, values: Int, answersOfFive: Int) {
        let cost = RecoveryCost(hiddenSize: hiddenSize)
        #expect(cost.values == values)
        #expect(cost.answers(of: 5) == answersOfFive)
        #expect(cost.values(part: 0.05) == values / 20)
    }

    @Test("an unknown model costs more than a known small one") func unknown() {
        #expect(RecoveryCost(hiddenSize: nil).values < RecoveryCost(hiddenSize: 576).values)
        #expect(RecoveryCost(hiddenSize: 0).values(part: 0) == 1)
        #expect(RecoveryCost(hiddenSize: .max).values > 0)
    }

    @Test("measuring is counted short") func worth() {
        #expect(Measurement.logprobs(alternatives: 5).values(tokens: 10) == 50)
        #expect(Measurement.logprobs(alternatives: 0).values(tokens: 10) == 10)
        #expect(Measurement.bias.values(tokens: 10) == 10)
        #expect(Measurement.logprobs(alternatives: 5).values(tokens: .max) > 0)
        #expect(Measurement.bias.values(tokens: -5) == 0)
        #expect(Measurement.logprobs(alternatives: 5).tokens(values: 54) == 10)
    }

    // MARK: Recovery: 100 values in all, 50 a key, 80 a tenant

    private static let alice: [Subject] = [.key("a"), .tenant("t")]
    private static let bob: [Subject] = [.key("b"), .tenant("t")]
    private static let other: [Subject] = [.key("c"), .tenant("u")]

    @Test("a key is told more than its share, or a tenant by a second key") func shares() throws {
        let model = Self.model()
        var meter = RecoveryMeter()
        var alarms: [RecoveryMeter.Alarm] = []
        for _ in 0..<10 {
            let reserved = try meter.reserve(5, least: 5, by: Self.alice, of: model).get()
            meter.settle(reserved, learnt: 5, of: model, alarms: &alarms)
        }
        #expect(meter.refusal(5, least: 5, by: Self.alice, of: model) == .ended(.key("a")))
        for _ in 0..<6 {
            let reserved = try meter.reserve(5, least: 5, by: Self.bob, of: model).get()
            meter.settle(reserved, learnt: 5, of: model, alarms: &alarms)
        }
        #expect(meter.refusal(5, least: 5, by: Self.bob, of: model) == .ended(.tenant("t")))
        #expect(meter.refusal(5, least: 5, by: Self.other, of: model) == nil)
        #expect(alarms.map(\.subject) == [.key("a"), .tenant("t"), .key("a"), .key("b"), .tenant("t")])
        #expect(alarms.map(\.hasEnded) == [false, false, true, false, true])
    }

    @Test("what was not told stays spent") func settling() throws {
        let model = Self.model()
        var meter = RecoveryMeter()
        var alarms: [RecoveryMeter.Alarm] = []
        let reserved = try meter.reserve(50, least: 5, by: Self.alice, of: model).get()
        #expect(meter.refusal(5, least: 5, by: Self.alice, of: model) == .busy(.key("a")))
        meter.settle(reserved, learnt: 10, of: model, alarms: &alarms)
        #expect(meter.refusal(40, least: 5, by: Self.alice, of: model) == nil)
        #expect(meter.refusal(41, least: 5, by: Self.alice, of: model) == .tooMany(.key("a"), left: 40))
        // An engine that says it told more than it could has told all.
        let again = try meter.reserve(40, least: 5, by: Self.alice, of: model).get()
        meter.settle(again, learnt: .max, of: model, alarms: &alarms)
        #expect(meter.standing(of: .init(.key("a"), model.weights)) == 50)
    }

    @Test("a kill in mid-answer, or a restart, gives back what was told") func restart() throws {
        let model = Self.model()
        var meter = RecoveryMeter()
        var alarms: [RecoveryMeter.Alarm] = []
        meter.settle(
            try meter.reserve(20, least: 5, by: Self.alice, of: model).get(), learnt: 15, of: model, alarms: &alarms)
        _ = try meter.reserve(30, least: 5, by: Self.alice, of: model).get()
        let account = RecoveryMeter.Account(.key("a"), model.weights)
        let after = RecoveryMeter(spent: [account: meter.standing(of: account)])
        #expect(after.standing(of: account) == 45)
        #expect(after.refusal(5, least: 5, by: Self.alice, of: model) == nil)
        #expect(after.refusal(6, least: 5, by: Self.alice, of: model) == .tooMany(.key("a"), left: 5))
    }

    @Test("many at once are told more than one after the other") func crowd() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(seed: seed)
        for _ in 0..<200 {
            let model = Self.model(Int.random(in: 1...40, using: &random), perKey: 0.3, perTenant: 0.5)
            var meter = RecoveryMeter()
            var alarms: [RecoveryMeter.Alarm] = []
            var running: [RecoveryMeter.Reservation] = []
            var told: [Subject: Int] = [:]
            for _ in 0..<300 {
                if Bool.random(using: &random), let index = running.indices.randomElement(using: &random) {
                    let reservation = running.remove(at: index)
                    let learnt = Int.random(in: 0...reservation.values, using: &random)
                    for account in reservation.accounts { told[account.subject, default: 0] += learnt }
                    meter.settle(reservation, learnt: learnt, of: model, alarms: &alarms)
                } else {
                    let subjects: [Subject] = [.key("k\(Int.random(in: 0..<10, using: &random))"), .tenant("t")]
                    let values = Int.random(in: 1...60, using: &random)
                    if case .success(let reservation) = meter.reserve(values, least: 1, by: subjects, of: model) {
                        running.append(reservation)
                    }
                }
                // Even if everything under way is told whole.
                var most = told
                for reservation in running {
                    for account in reservation.accounts { most[account.subject, default: 0] += reservation.values }
                }
                for (subject, values) in most {
                    let limit =
                        if case .key = subject { model.cost.values(part: 0.3) } else { model.cost.values(part: 0.5) }
                    #expect(values <= limit, "seed \(seed)")
                    #expect(meter.standing(of: .init(subject, model.weights)) == values, "seed \(seed)")
                }
            }
            #expect(Set(alarms).count == alarms.count, "told twice; seed \(seed)")
        }
    }

    @Test("nobody can let somebody begin anew") func forgiving() throws {
        let model = Self.model()
        let account = RecoveryMeter.Account(.key("a"), model.weights)
        var meter = RecoveryMeter(spent: [account: 50])
        #expect(meter.refusal(5, least: 5, by: Self.alice, of: model) == .ended(.key("a")))
        #expect(meter.forgive(.key("a")) == [account])
        #expect(meter.refusal(5, least: 5, by: Self.alice, of: model) == nil)
        #expect(meter.forgive(.key("a")).isEmpty)
    }

    @Test("a subject changes on its way to the disk", arguments: [Subject.key("k_1"), .tenant(""), .tenant("a:b é")])
    func texts(subject: Subject) {
        #expect(Subject(subject.text) == subject)
        #expect(Subject("nobody") == nil && Subject("") == nil && Subject("key") == nil)
    }

    // MARK: Egress

    /// Noon.
    private static let start = 1_577_880_000

    private static func time(_ clock: ManualClock) -> Int { start + Int(clock.now.offset.components.seconds) }

    @Test("more leaves in a day than may, or nothing leaves the day after") func days() {
        let clock = ManualClock()
        let model = Self.model(egress: 1000)
        var meter = EgressMeter()
        var alarms: [EgressMeter.Alarm] = []
        for _ in 0..<10 { #expect(meter.spend(100, of: model, isWhole: true, at: Self.time(clock), alarms: &alarms)) }
        #expect(alarms.map(\.hasStopped) == [false, true])
        #expect(meter.wait(of: model, at: Self.time(clock)) == 43_200)
        #expect(!meter.spend(1, of: model, isWhole: true, at: Self.time(clock), alarms: &alarms))
        clock.advance(by: .seconds(43_199))
        #expect(meter.wait(of: model, at: Self.time(clock)) == 1)
        clock.advance(by: .seconds(1))
        #expect(meter.wait(of: model, at: Self.time(clock)) == nil)
        #expect(meter.spend(900, of: model, isWhole: true, at: Self.time(clock), alarms: &alarms))
        #expect(meter.bytes(of: model, at: Self.time(clock)) == 900)
        #expect(alarms.count == 3, "once a day")
    }

    @Test("an answer larger than what is left goes out") func large() {
        let clock = ManualClock()
        let model = Self.model(egress: 1000)
        var meter = EgressMeter()
        var alarms: [EgressMeter.Alarm] = []
        #expect(!meter.spend(1001, of: model, isWhole: true, at: Self.time(clock), alarms: &alarms))
        #expect(alarms.map(\.hasStopped) == [true])
        #expect(meter.wait(of: model, at: Self.time(clock)) != nil)
        #expect(!meter.spend(.max, of: model, isWhole: true, at: Self.time(clock), alarms: &alarms))
    }

    @Test("a stream goes on behind its last piece") func pieces() {
        let clock = ManualClock()
        let model = Self.model(egress: 1000)
        var meter = EgressMeter()
        var alarms: [EgressMeter.Alarm] = []
        #expect(meter.spend(999, of: model, isWhole: false, at: Self.time(clock), alarms: &alarms))
        #expect(meter.wait(of: model, at: Self.time(clock)) == nil)
        #expect(meter.spend(50, of: model, isWhole: false, at: Self.time(clock), alarms: &alarms))
        #expect(meter.wait(of: model, at: Self.time(clock)) != nil)
        #expect(meter.bytes(of: model, at: Self.time(clock)) == 1049)
        // Overflow is no way round.
        #expect(meter.spend(.max, of: model, isWhole: false, at: Self.time(clock), alarms: &alarms))
        #expect(meter.wait(of: model, at: Self.time(clock)) != nil)
    }

    @Test("the same weights under another name have another budget, or a restart has") func sharedAndKept() {
        let clock = ManualClock()
        let model = Self.model(egress: 1000)
        let twin = Self.model(egress: 1000, name: "vectors")
        var meter = EgressMeter()
        var alarms: [EgressMeter.Alarm] = []
        _ = meter.spend(600, of: model, isWhole: true, at: Self.time(clock), alarms: &alarms)
        _ = meter.spend(400, of: twin, isWhole: true, at: Self.time(clock), alarms: &alarms)
        #expect(meter.wait(of: model, at: Self.time(clock)) != nil)
        let kept = meter.takeChanges()
        #expect(kept.count == 1 && meter.takeChanges().isEmpty)
        let after = EgressMeter(days: kept)
        #expect(after.wait(of: twin, at: Self.time(clock)) != nil)
        #expect(after.wait(of: Self.model(egress: 1001), at: Self.time(clock)) == nil, "a raised budget counts at once")
        #expect(after.wait(of: Self.model(egress: nil), at: Self.time(clock)) == nil)
    }
}
