import Seeded
import Failures
import NIOCore
import Testing
import Wire

/// Random bytes of a host: every failure gets a verdict, and the verdict keeps
/// its promises.
struct ClassifierFuzzTests {
    @Test func mutatedRowsAreJudgedWithoutHarm() {
        let seed = UInt64.random(in: .min ... .max)
        print("ClassifierFuzzTests seed \(seed)")
        var random = SplitMix(seed: seed)
        let symptoms = RowTests.rows.map(\.failure.symptom)
        for _ in 0..<20_000 {
            var symptom = symptoms.randomElement(using: &random)!
            var bytes = Array(symptom.body.readableBytesView)
            for _ in 0..<Int.random(in: 1...8, using: &random) { mutate(&bytes, symptoms, &random) }
            symptom.body = ByteBuffer(bytes: bytes)
            if Int.random(in: 0..<4, using: &random) == 0 { symptom.status = Int.random(in: -1...1000, using: &random) }
            if Int.random(in: 0..<4, using: &random) == 0 {
                symptom.position = Symptom.Position.allCases.randomElement(using: &random)!
            }
            check(symptom, seed)
        }
    }

    @Test(arguments: [
        String(repeating: "[", count: 1 << 20), String(repeating: "{\"error\":", count: 120_000),
        String(repeating: "\"", count: 1 << 20), String(repeating: "tools.0.model ", count: 74_000),
        "{\"message\":\"" + String(repeating: "e\\u0301", count: 140_000) + "\"}",
        "{\"error\":{\"message\":\"try again in " + String(repeating: "9999999h", count: 130_000) + "\"}}",
        "{\"error\":{\"details\":[" + String(repeating: "{\"reason\":\"x\"},", count: 70_000) + "1]}}",
    ]) func aMebibyteOfMaliceIsJudged(_ body: String) {
        for position in Symptom.Position.allCases {
            check(Symptom(position: position, status: 429, body: ByteBuffer(string: body)), 0)
        }
    }

    private func check(_ symptom: Symptom, _ seed: UInt64) {
        let verdict = Classifier.standard.judge(symptom, now: 1_780_000_000)
        #expect(verdict == Classifier.standard.judge(symptom, now: 1_780_000_000), "seed \(seed)")
        #expect(verdict.words.count <= 300 && !verdict.words.contains { $0.isNewline }, "seed \(seed)")
        #expect(verdict.retryAfter.map { $0 >= .zero } ?? true, "seed \(seed)")
        let isWithdrawal = verdict.cause == .withdrawn
        #expect(isWithdrawal ? verdict.evidence != nil : true, "seed \(seed)")
        #expect(verdict.evidence == nil || isWithdrawal || verdict.cause == .truncated, "seed \(seed)")
    }

    private func mutate(_ bytes: inout [UInt8], _ symptoms: [Symptom], _ random: inout SplitMix) {
        let position = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
        case 1: if position < bytes.count { bytes[position] = UInt8.random(in: 0...255, using: &random) }
        case 2: bytes.removeLast(bytes.count - position)
        case 3:
            // Another row's bytes in the middle of this one's.
            let other = symptoms.randomElement(using: &random)!.body.readableBytesView
            bytes.insert(contentsOf: other.prefix(Int.random(in: 0...other.count, using: &random)), at: position)
        default:
            guard position < bytes.count else { return }
            let end = Int.random(in: position...bytes.count, using: &random)
            bytes.insert(contentsOf: bytes[position..<end], at: position)
        }
    }
}
