import AdminAPI
import Drills
import HoldfastServer
import Testing

/// Commands read a drill's words as the drill itself writes them.
@Suite struct DrillWordsTests {
    @Test func bothSidesHaveTheSameWords() {
        #expect(Set(DrillView.Part.allCases.map(\.rawValue)) == Set(DrillPhase.allCases.map(\.rawValue)))
        #expect(Set(DrillView.End.allCases.map(\.rawValue)) == Set(DrillTimeline.End.allCases.map(\.rawValue)))
        #expect(Set(DrillView.Verdict.allCases.map(\.rawValue)) == Set(DrillReport.Verdict.allCases.map(\.rawValue)))
    }
}
