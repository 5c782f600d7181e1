import AdminAPI
import Encodings
import HoldfastCLI
import HoldfastServer
import Settings
import Testing

/// Texts for people: a drill's report, the greeting, what `check` says.
@Suite struct TextTests {
    private static func drill(_ more: String) throws -> DrillView {
        try AdminJSON.decode(
            DrillView.self,
            from: #"{"id":"d_1","route":"talk","pulled":"p/m","as":"withdrawn","started":1781259300,\#(more)}"#.utf8)
    }

    private static func report(_ more: String) throws -> String { DrillText(try drill(more)).report }

    // MARK: Money and times

    @Test(
        "money has a currency, and six decimals",
        arguments: [
            (#"{"total":0.5,"currency":"EUR"}"#, "EUR 0.500000 in all"),
            (#"{"total":12.3456789}"#, "USD 12.345679 in all"),
            (#"{"total":0.0000004,"currency":"CHF"}"#, "CHF 0.000000 in all"),
            (
                #"{"total":3,"currency":"EUR","per_request_before":0.01,"per_request_pulled":0.02}"#,
                "EUR 3.000000 in all; a request EUR 0.010000 before, EUR 0.020000 while pulled"
            ),
        ])
    func money(cost: String, expected: String) throws {
        let text = try Self.report(#""phase":"over","verdict":"passed","end":"done","cost":\#(cost)"#)
        #expect(
            text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }.joined(separator: " ")
                .contains("cost " + expected), "\(text)")
    }

    @Test func aCostThatIsNotKnownIsNotZero() throws {
        let text = try Self.report(#""phase":"over","verdict":"passed""#)
        #expect(text.contains("cost") && text.contains("not known: a candidate that served has no `price`"))
    }

    @Test func aReportSaysWhenItBegan() throws {
        #expect(try Self.report(#""phase":"over""#).contains("  began              2026-06-12 10:15Z"))
    }

    @Test(
        "times are as long as they need to be",
        arguments: [
            ("0.44", "0.4 ms"), ("9.96", "10.0 ms"), ("12.4", "12 ms"), ("9999", "9999 ms"), ("10000", "10.0 s"),
            ("-20000", "-20.0 s"),
        ])
    func times(milliseconds: String, expected: String) throws {
        let text = try Self.report(#""phase":"over","recovery_ms":\#(milliseconds)"#)
        #expect(text.contains("\(expected) after it was given back"), "\(text)")
    }

    // MARK: Verdicts

    @Test(
        "a verdict is said with why it came early",
        arguments: [
            (#""phase":"over","verdict":"passed","end":"done""#, "Verdict: PASSED"),
            (#""phase":"over","verdict":"failed","end":"done""#, "Verdict: FAILED"),
            (#""phase":"over","verdict":"failed","end":"stopped""#, "Verdict: FAILED (stopped before its time)"),
            (
                #""phase":"over","verdict":"inconclusive","end":"lapsed""#,
                "Verdict: INCONCLUSIVE (the command that ordered it went away; everything was restored)"
            ),
            (
                #""phase":"over","verdict":"inconclusive","end":"done""#,
                "Verdict: INCONCLUSIVE: no request met the pull; give it traffic with --load"
            ),
            (
                #""phase":"over","verdict":"inconclusive","end":"done","requests":{"pulled":{"whole":9,"total":9}},"#
                    + #""could_not":[{"what":"q/n: it lacks tools","times":9},{"what":"p/m: suspended (S1)","times":8}]"#,
                "Verdict: INCONCLUSIVE: no request met the pull; p/m: suspended (S1)"
            ),
            (
                #""phase":"over","verdict":"inconclusive","end":"done","requests":{"pulled":{"whole":9,"total":9}}"#,
                "Verdict: INCONCLUSIVE: no request met the pull; none of 9 was sent to p/m"
            ),
            (
                #""phase":"over","verdict":"inconclusive","end":"done","load_rps":5"#,
                "Verdict: INCONCLUSIVE: no request met the pull; each request was refused before a candidate was chosen, "
                    + "and the log says why"
            ),
            (#""phase":"pulled""#, "Verdict: it still runs"),
        ])
    func verdicts(more: String, expected: String) throws {
        #expect(try Self.report(more).hasSuffix("\n" + expected))
    }

    @Test(
        "progress counts the part that runs",
        arguments: [
            ("warm-up", "warm-up: 1 of 2 answered whole"), ("pulled", "pulled: 3 of 4 answered whole"),
            ("recovery", "recovery: 5 of 6 answered whole"), ("over", "over: 3 of 4 answered whole"),
        ])
    func progress(phase: String, expected: String) throws {
        let drill = try Self.drill(
            #""phase":"\#(phase)","seconds_left":9,"switch":{"p50_ms":12},"streams_in_flight":{"lost":1,"continued":0},"#
                + #""requests":{"warm_up":{"whole":1,"total":2},"pulled":{"whole":3,"total":4},"#
                + #""recovery":{"whole":5,"total":6},"met_the_pull":2}"#)
        #expect(DrillText(drill).progress == expected + ", 2 met the pull, switch 12 ms, 9 s left, 1 lost")
    }

    @Test("a report fits a terminal, whatever its names") func width() throws {
        let name = String(repeating: "provider/model-", count: 8)
        let drill = try Self.drill(
            #""phase":"over","verdict":"failed","end":"done","at_token":4,"cut":true,"#
                + #""objectives":[{"name":"\#(name)","goal":"≥ 99.9 %","found":"50 %","met":false}],"#
                + #""switch":{"count":1,"p50_ms":1,"p99_ms":20000}"#)
        let lines = DrillText(drill).report.split(separator: "\n")
        for line in lines { #expect(line.columns <= 80, "\(line)") }
        #expect(lines.contains { $0.hasSuffix("MISSED") })
        #expect(lines.first == "Drill d_1: p/m pulled from talk as withdrawn, at token 4, connections cut")
    }

    // MARK: The greeting

    private static let plain = """
        listen: 127.0.0.1:8080
        admin: 127.0.0.1:8081
        keys: none
        providers:
          p: {dialect: openai, base_url: "https://x.example/v1", api_key: x}
          q: {dialect: openai, base_url: "https://y.example/v1", api_key: x}
        routes:
          talk: {candidates: [{provider: p, model: m}, {provider: q, model: tiny-135M}]}

        """

    private static func greeting(_ text: String) throws -> String {
        let reading = Settings.read(Array(text.utf8), file: "holdfast.yaml", environment: [:])
        let settings = try #require(reading.settings, "\(reading.problems)")
        return Greeting(settings: settings, key: "hf_example", program: "/opt/holdfast/bin/holdfast").text
    }

    @Test func theGreetingCanBePasted() throws {
        let text = try Self.greeting(Self.plain)
        for words in [
            "Holdfast is ready on http://127.0.0.1:8080.", "curl http://127.0.0.1:8080/v1/chat/completions",
            #"-H "authorization: Bearer hf_example""#, #"{"model": "talk", "messages":"#,
            #"OpenAI(base_url="http://127.0.0.1:8080/v1""#, #"Anthropic(base_url="http://127.0.0.1:8080","#,
            #"api_key="hf_example""#, "The program is /opt/holdfast/bin/holdfast.",
            #"export PATH="/opt/holdfast/bin:$PATH""#, "holdfast status --config holdfast.yaml",
            "holdfast drill pull talk --as withdrawn --load 1rps --for 20s", "tiny-135M has 135 million parameters",
        ] {
            #expect(text.contains(words), "\(words)\n---\n\(text)")
        }
        #expect(text.hasSuffix("Ctrl-C stops it.\n"))
        for line in text.split(separator: "\n") { #expect(line.columns <= 80, "\(line)") }
        #expect(Printable.lines(text) == text)
    }

    @Test("it offers what there is, and nothing else") func offers() throws {
        let single = try Self.greeting(Self.plain.replacing(", {provider: q, model: tiny-135M}", with: ""))
        #expect(!single.contains("drill pull") && !single.contains("135 million"))
        let silent = try Self.greeting(Self.plain.replacing("admin: 127.0.0.1:8081\n", with: ""))
        #expect(!silent.contains("drill pull") && silent.contains("holdfast status"))
        #expect(single.contains("What serves, for a browser:  http://127.0.0.1:8080/status"), "\(single)")
        #expect(!(try Self.greeting(Self.plain + "status_page: off\n").contains("for a browser")))
        let none = try Self.greeting(
            "keys: none\nproviders: {p: {dialect: openai, base_url: \"https://x.example/v1\", api_key: x}}\n")
        #expect(none.contains(#""model": "PROVIDER/MODEL""#))
    }

    // MARK: Check

    @Test func whatWouldBeServedIsSaid() async throws {
        let scratch = try ScratchFolder()
        let file = try scratch.write(Self.plain, to: "holdfast.yaml")
        let done = await run("check", file)
        #expect(done.code == 0 && done.remarks.isEmpty, "\(done)")
        #expect(done.output.hasPrefix("\(file) is fine.\n"))
        for words in [
            "listen    http://127.0.0.1:8080", "admin     http://127.0.0.1:8081",
            "keys      none, whoever connects is let in",
            "provider  p (openai): any model", "route     talk: p/m, then q/tiny-135M",
        ] {
            #expect(done.lines.contains("  " + words), "\(words)\n---\n\(done.output)")
        }
        let json = await run("check", file, "--json")
        #expect(json.output == #"{"file":"\#(file)","usable":true,"problems":[]}"# + "\n", "\(json)")
    }

    @Test func whatIsWrongIsSaidWithItsPlace() async throws {
        let scratch = try ScratchFolder()
        let file = try scratch.write("listn: 127.0.0.1:1\n", to: "holdfast.yaml")
        let done = await run("check", file)
        #expect(done.code == 78 && done.output.isEmpty)
        #expect(done.remarks.contains("\(file):1:1: ") && done.remarks.hasSuffix("\(file): 1 problem\n"), "\(done)")
        let json = await run("check", file, "--json")
        #expect(
            json.code == 78 && json.output.contains(#""usable":false"#) && json.output.contains(#""line":1,"column":1"#)
        )
    }

    @Test("a variable comes from the environment of the command, or from a credential") func variables() async throws {
        let scratch = try ScratchFolder()
        let file = try scratch.write(Self.plain.replacing("api_key: x", with: "api_key: ${A_KEY}"), to: "holdfast.yaml")
        #expect(await run("check", file).remarks.contains("A_KEY"))
        #expect(await run("check", file, environment: ["A_KEY": "s"]).remarks.isEmpty)
        try scratch.write("secret\n", to: "credentials/A_KEY")
        let folder = scratch.path + "/credentials"
        #expect(await run("check", file, environment: ["CREDENTIALS_DIRECTORY": folder]).remarks.isEmpty)
        try scratch.write("x", to: "others/A_KEY/inside")
        let unreadable = await run("check", file, environment: ["CREDENTIALS_DIRECTORY": scratch.path + "/others"])
        #expect(
            unreadable.remarks.contains("warning: cannot read \(scratch.path)/others/A_KEY: it is a folder"),
            "\(unreadable)")
    }

    @Test func theVersionIsTheSecondWord() async {
        let words = await run("version").output.split(separator: " ")
        #expect(words.first == "holdfast" && words[1].split(separator: ".").count == 3)
        #expect(await run("version", "--json").output.hasPrefix(#"{"version":"\#(words[1])","#))
        #expect(await run("--version").output == words[1] + "\n")
    }
}
