import Settings
import Testing

@Suite("The engine of a supervisor in the settings")
struct SupervisorEngineTests {
    private func file(engine: String, provider: String = "", route: String = "supervision: required") -> String {
        """
        providers:
          here: { dialect: engine, model_file: models/m.gguf, models: [m], \(provider) }
        routes:
          assistant:
            candidates: [{ provider: here, model: m }]
            \(route)
        supervision:
          engine: { \(engine) }
        """
    }

    private static let whole =
        "model_file: models/s.gguf, lab: one, signed: { keys: [s.pub], custody: s.json, custodians: [c1.pub, c2.pub] }"

    private func errors(_ text: String) -> [String] { read(text).errors.map(\.description) }

    @Test("a whole engine is read, with the file's own engine and custody by default")
    func whole() throws {
        let settings = try #require(
            read(
                file(engine: Self.whole, provider: "lab: two") + "\nengine: { python: bin/python }\ncustody: required"
            ).settings)
        let engine = try #require(settings.supervision.engine)
        #expect(engine.modelFile == "./models/s.gguf" || engine.modelFile == "models/s.gguf")
        #expect(engine.lab == "one" && engine.custody == .required)
        #expect(engine.program != .launcher(python: nil))
        #expect(engine.startTimeout == .seconds(30))
        #expect(engine.signed.terms?.custodians.count == 2)
    }

    @Test(
        "weights have to be named and signed",
        arguments: [
            ("lab: one, signed: { keys: s.pub }", "needs a model_file"),
            ("model_file: models/s.gguf, lab: one", "needs signed"),
            ("model_file: models/s.gguf, lab: one, signed: { folder: models }", "needs keys"),
            ("model_file: models/s.gguf, lab: one, signed: { keys: s.pub }, parallel: 4", "unknown key"),
        ])
    func missing(_ engine: String, _ word: String) {
        let found = errors(file(engine: engine, provider: "lab: two"))
        #expect(found.contains { $0.contains(word) }, "\(found)")
    }

    @Test(
        "what a supervisor shares with a primary is refused",
        arguments: [
            ("lab: two, signed: { keys: [other.pub, s.pub] }", "signer"),
            ("lab: two, signed: { keys: other.pub, custody: m.json, custodians: [c9.pub, c1.pub] }", "signer"),
            ("lab: two, signed: { keys: other.pub, custody: m.json, custodians: [c9.pub, s.pub] }", "signer"),
            ("lab: One", "both of lab"),
        ])
    func shared(_ provider: String, _ word: String) {
        let found = errors(file(engine: Self.whole, provider: provider))
        let wanted = word == "signer" ? "whoever holds it could replace both" : word
        #expect(found.contains { $0.contains(wanted) }, "\(found)")
    }

    @Test("the primary's own file is no supervisor")
    func sameFile() {
        let engine = "model_file: models/m.gguf, lab: one, signed: { keys: s.pub }"
        #expect(errors(file(engine: engine, provider: "lab: two")).contains { $0.contains("would judge itself") })
    }

    @Test("a supervisor without a lab is refused under required, and not under shadow")
    func lab() {
        let engine = "model_file: models/s.gguf, signed: { keys: s.pub }"
        let found = errors(file(engine: engine, provider: "lab: two"))
        #expect(found.contains { $0.contains("`lab: NAME` to supervision.engine") }, "\(found)")
        #expect(errors(file(engine: engine, provider: "lab: two", route: "supervision: shadow")).isEmpty)
    }

    @Test("a primary that it doesn't stand over may share everything")
    func unsupervised() {
        #expect(errors(file(engine: Self.whole, provider: "lab: one", route: "supervision: off")).isEmpty)
    }

    @Test("no provider has the supervisor's name")
    func name() {
        let text = """
            providers:
              supervisor: { dialect: engine, model_file: models/m.gguf, models: [m], lab: two }
            supervision:
              engine: { \(Self.whole) }
            """
        #expect(errors(text).contains { $0.contains("no provider may be named supervisor") })
    }
}
