import Settings
import Testing

/// `veto` of the file.
@Suite struct VetoShapeTests {
    @Test func theUsualValues() throws {
        let veto = try #require(read("listen: 127.0.0.1:8080").settings?.veto)
        #expect(veto.unratified == .stands && veto.ratifyWithin == .seconds(86_400))
        #expect(veto.halfOpen.percent == 10 && veto.halfOpen.time == .seconds(60))
        #expect(veto.drain == .seconds(30) && veto.spool == ".holdfast/veto")
    }

    @Test func allOfIt() throws {
        let text = """
            data: { directory: /var/lib/holdfast }
            veto: { unratified: lapses, ratify_within: 2h, half_open: { percent: 5, for: 10m }, drain: 0s }
            """
        let veto = try #require(read(text).settings?.veto)
        #expect(veto.unratified == .lapses && veto.ratifyWithin == .seconds(7200))
        #expect(veto.halfOpen.percent == 5 && veto.halfOpen.time == .seconds(600))
        #expect(veto.drain == .zero && veto.spool == "/var/lib/holdfast/veto")
        #expect(problems(text).count == 1, "that it lapses is warned of")
    }

    @Test(arguments: [
        ("{ unratified: ends }", "veto.unratified must be stands or lapses"),
        ("{ ratify_within: 59s }", "veto.ratify_within must be from 1m to 30d"),
        ("{ ratify_within: 31d }", "veto.ratify_within must be from 1m to 30d"),
        ("{ drain: 2h }", "veto.drain must be from 0s to 1h"),
        ("{ half_open: { percent: 0 } }", "veto.half_open.percent"),
        ("{ half_open: { percent: 100 } }", "veto.half_open.percent"),
        ("{ half_open: { for: 0s } }", "veto.half_open.for must be from 1s to 7d"),
        ("{ half_open: { share: 5 } }", "unknown key \"share\""), ("{ threshold: 1 }", "unknown key \"threshold\""),
    ])
    func brokenOnes(_ section: String, _ problem: String) {
        let reading = read("veto: \(section)")
        #expect(reading.settings == nil)
        #expect(reading.problems.map(\.description).contains { $0.contains(problem) })
    }

    @Test func aLargeShareIsWarnedOf() {
        #expect(problems("veto: { half_open: { percent: 51 } }").count == 1)
        #expect(problems("veto: { half_open: { percent: 50 } }").isEmpty)
    }
}
