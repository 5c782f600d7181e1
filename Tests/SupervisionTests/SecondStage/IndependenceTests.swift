import Supervision
import Testing

@Suite("The independence of a supervisor")
struct IndependenceTests {
    private let rule = Independence(
        of: ModelOrigin(name: "supervisor", lab: "one", weights: ["w"], publishers: ["p"], custodians: ["c", "d"]))

    @Test("a stranger is no breach")
    func stranger() {
        let primary = ModelOrigin(name: "here", lab: "two", weights: ["v"], publishers: ["q"], custodians: ["e", "f"])
        #expect(rule.breaches(with: primary, isRequired: true).isEmpty)
    }

    @Test("each thing that is shared is a breach, across publishers and custodians, too")
    func shared() {
        func breaches(_ change: (inout ModelOrigin) -> Void) -> [Independence.Breach] {
            var primary = ModelOrigin(name: "here", lab: "two")
            change(&primary)
            return rule.breaches(with: primary, isRequired: false)
        }
        #expect(breaches { $0.weights = ["v", "w"] } == [.sameWeights(primary: "here")])
        #expect(breaches { $0.publishers = ["p"] } == [.sharedSigner(primary: "here")])
        #expect(breaches { $0.custodians = ["p", "x"] } == [.sharedSigner(primary: "here")])
        #expect(breaches { $0.publishers = ["d"] } == [.sharedSigner(primary: "here")])
        #expect(breaches { $0.lab = "ONE" } == [.sameLab(primary: "here", lab: "ONE")])
    }

    @Test("a lab that is not stated is a breach where supervision is required, with the line to add")
    func unknownLab() {
        let nameless = ModelOrigin(name: "here", lab: nil)
        #expect(rule.breaches(with: nameless, isRequired: false).isEmpty)
        let found = rule.breaches(with: nameless, isRequired: true)
        #expect(found == [.unknownLab(primary: "here")])
        #expect(found.first.map { "\($0)".contains("`lab: NAME`") && "\($0)".contains("providers.here") } == true)
        let own = Independence(of: ModelOrigin(name: "supervisor", lab: nil))
        #expect(own.breaches(with: ModelOrigin(name: "here", lab: "two"), isRequired: true) == [.supervisorUnknown])
    }
}
