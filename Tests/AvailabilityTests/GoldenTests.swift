import Availability
import Foundation
import Testing

/// Seven months, each under three published formulas.
@Suite struct GoldenTests {
    private struct Vectors: Decodable {
        struct Segment: Decodable { var from: Int, to: Int, share: Double, status: Int }
        struct Expected: Decodable {
            var uptimePercent: Double
            var creditPercent: Double
        }
        struct Case: Decodable {
            var `case`: String, minutes: Int, requestsPerMinute: Int
            var failing: [Segment]
            var expected: [String: Expected]
            var continuityPercent: Double
        }
        var cases: [Case]
    }

    private static let contracts = [
        "aws": Contract(
            name: "aws", formula: .intervalMean(minutes: 5, empty: .available), failing: [500...500],
            tiers: [.init(below: 99.9, credit: 10), .init(below: 99, credit: 25), .init(below: 95, credit: 100)]),
        "google": Contract(
            name: "google", formula: .badMinuteRuns(share: 0.05, run: 5), failing: [500...599],
            tiers: [.init(below: 99.5, credit: 10), .init(below: 99, credit: 25), .init(below: 95, credit: 50)]),
        "azure": Contract(
            name: "azure", formula: .attemptsRatio(repeatWindow: 5), failing: [500...599],
            tiers: [.init(below: 99.9, credit: 10), .init(below: 99, credit: 25)]),
    ]

    @Test func everyVectorUnderEveryFormula() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/sla-golden.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let vectors = try decoder.decode(Vectors.self, from: Data(contentsOf: file))
        #expect(vectors.cases.count == 7)
        for vector in vectors.cases {
            let counts = (0..<vector.minutes).map { minute in
                var byStatus: [Int: Int] = [200: vector.requestsPerMinute]
                for segment in vector.failing where (segment.from..<segment.to).contains(minute) {
                    let failing = Int((segment.share * Double(vector.requestsPerMinute)).rounded())
                    byStatus[segment.status, default: 0] += failing
                    byStatus[200]! -= failing
                }
                return MinuteCount(minute: minute, byStatus: byStatus)
            }
            let month = MonthCounts(minutes: vector.minutes, counts: counts)
            for (name, expected) in vector.expected {
                let contract = try #require(Self.contracts[name])
                let uptime = contract.uptime(of: month)
                #expect(abs(uptime - expected.uptimePercent) < 0.000_05, "\(vector.case), \(name): \(uptime)")
                #expect(contract.credit(at: uptime) == expected.creditPercent, "\(vector.case), \(name)")
            }
            // What the application felt: all that wasn't answered.
            let asked = counts.reduce(0) { $0 + $1.requests }
            let answered = counts.reduce(0) { $0 + ($1.byStatus[200] ?? 0) }
            #expect(abs(Double(answered) / Double(asked) * 100 - vector.continuityPercent) < 0.000_05)
        }
    }

    @Test func emptyAndOddMonths() {
        let contract = Self.contracts["aws"]!
        #expect(contract.uptime(of: MonthCounts(minutes: 43_200, counts: [])) == 100)
        #expect(contract.uptime(of: MonthCounts(minutes: 0, counts: [])) == 100)
        let one = MonthCounts(minutes: 10, counts: [MinuteCount(minute: 9, byStatus: [500: 1])])
        #expect(contract.uptime(of: one) == 50)
        #expect(Formula.intervalMean(minutes: 5, empty: .excluded).uptime(of: one, failing: [500...500]) == 0)
        // A gap without requests ends a run of bad minutes.
        let gap = [0, 1, 2, 4, 5, 6].map { MinuteCount(minute: $0, byStatus: [503: 1]) }
        let runs = Formula.badMinuteRuns(share: 0.05, run: 4)
        #expect(runs.uptime(of: MonthCounts(minutes: 10, counts: gap), failing: [500...599]) == 100)
        let whole = (0..<4).map { MinuteCount(minute: $0, byStatus: [503: 1]) }
        #expect(runs.uptime(of: MonthCounts(minutes: 10, counts: whole), failing: [500...599]) == 60)
    }
}
