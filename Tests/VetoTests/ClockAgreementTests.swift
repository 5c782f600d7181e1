import Testing
import Veto

@Suite struct ClockAgreementTests {
    private static let start = VetoTime(wall: 1_800_000_000, boot: 9_000_000_000)

    private func agrees(_ wall: Int, _ boot: UInt64) -> Bool {
        var clocks = ClockAgreement(start: Self.start)
        clocks.observe(VetoTime(wall: wall, boot: boot))
        return clocks.holds
    }

    @Test(arguments: [0, 60, 86_400 * 400]) func theyMayDifferByFiveMinutes(_ passed: Int) {
        let wall = Self.start.wall + passed
        let boot = Self.start.boot + UInt64(passed) * 1_000_000_000
        #expect(agrees(wall, boot) && agrees(wall + 300, boot) && agrees(wall - 300, boot))
        #expect(!agrees(wall + 301, boot) && !agrees(wall - 301, boot))
    }

    @Test(arguments: [(Int.max, UInt64.max), (.min, .max), (.max, 0), (.min, 9_000_000_000), (1_800_000_000, 0)])
    func extremes(_ wall: Int, _ boot: UInt64) {
        #expect(!agrees(wall, boot))
    }

    @Test func onceTheyDifferedTheyStayDoubtful() {
        var clocks = ClockAgreement(start: Self.start)
        clocks.observe(VetoTime(wall: Self.start.wall + 301, boot: Self.start.boot))
        clocks.observe(Self.start)
        #expect(!clocks.holds)
    }
}
