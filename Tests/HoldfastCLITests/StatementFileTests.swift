import AdminAPI
import Conversation
import HoldfastCLI
import Routing
import Signing
import Testing
import Veto

/// A statement on its way between machines, and what a pull would hit.
@Suite struct StatementFileTests {
    private let payload = Array(#"{"_type":"https://in-toto.io/Statement/v1","predicateType":"x","predicate":{}}"#.utf8)

    @Test func allThreeFormsAreOneStatement() throws {
        let key = ECPrivateKey()
        var file = StatementFile(payload: payload)
        #expect(try StatementFile(payload) == file)
        #expect(try StatementFile(file.encoding) == file)
        #expect(!file.isSigned(by: key.publicKey))
        try file.sign(with: key)
        let read = try StatementFile(file.envelope)
        #expect(
            read == file && read.isSigned(by: key.publicKey) && read.signatures.map(\.keyID) == [key.publicKey.hint])
        #expect(!read.isSigned(by: ECPrivateKey().publicKey))
    }

    @Test(
        "an encoding whose lengths lie is refused",
        arguments: [
            "DSSEv1 28 application/vnd.in-toto+json 3 {}", "DSSEv1 28 application/vnd.in-toto+json 1 {}",
            "DSSEv1 16 application/json 2 {}", "DSSEv1 28 application/vnd.in-toto+json", "DSSEv1 ",
            "DSSEv1 028 application/vnd.in-toto+json 2 {}",
        ])
    func lengths(text: String) {
        #expect(throws: SigningProblem.self) { try StatementFile(Array(text.utf8)) }
    }

    @Test func whatAPullWouldHit() {
        func candidate(_ provider: String, _ model: String, lab: String, engine: Bool = false) -> Candidate {
            var candidate = Candidate(provider: provider, model: model, dialect: engine ? .engine : .openai)
            candidate.lab = lab
            return candidate
        }
        let (a, b) = (candidate("p", "m", lab: "x"), candidate("q", "n", lab: "y"))
        let own = candidate("here", "small", lab: "z", engine: true)
        let routes = [Route(name: "both", candidates: [a, b]), Route(name: "own", candidates: [own])]
        func hit(_ scopes: SuspendedScope...) -> [[String]] {
            VetoEffect.of(scopes, on: routes).routes.map { [$0.name] + $0.lost + ["-"] + $0.left }
        }
        #expect(hit(.model("p/m")) == [["both", "p/m", "-", "q/n"]])
        #expect(hit(.lab("x"), .lab("y")) == [["both", "p/m", "q/n", "-"]])
        #expect(hit(.route("both")) == [["both", "p/m", "q/n", "-"]])
        #expect(hit(.weights(model: "small", epoch: 3)) == [["own", "here/small", "-"]])
        #expect(hit(.key("k"), .model("p/other")).isEmpty)
    }

    @Test func aScopeThatStopsNothingIsNamed() {
        let routes = [
            Route(name: "talk", candidates: [Candidate(provider: "p", model: "m", dialect: .openai)]),
            Route(name: "own", candidates: [Candidate(provider: "here", model: "small", dialect: .engine)]),
        ]
        let providers = [
            ProviderFacts(name: "p", dialect: .openai, lab: "anthropic", host: "aws", region: nil, context: nil),
            ProviderFacts(name: "here", dialect: .engine, lab: nil, host: "self", region: nil, context: nil),
        ]
        func objections(_ scopes: SuspendedScope...) -> [String] {
            VetoEffect.objections(to: scopes, providers: providers, routes: routes)
        }
        #expect(
            objections(
                .lab("anthropic"), .host("self"), .route("talk"), .model("p/any"), .key("k"),
                .weights(model: "small", epoch: 0)
            ).isEmpty)
        #expect(objections(.lab("anthropc")).first?.contains("they have anthropic") == true)
        #expect(objections(.region("eu")).first?.contains("they name none") == true)
        #expect(objections(.model("q/m"), .route("tlak"), .weights(model: "big", epoch: 1)).count == 3)
    }
}
