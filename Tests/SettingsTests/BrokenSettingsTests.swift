import Settings
import Testing

/// Broken files, and the exact words about them.
@Suite struct BrokenSettingsTests {
    struct Case: CustomTestStringConvertible {
        var text: String
        var problems: [String]
        var testDescription: String { problems.first ?? text }

        init(_ text: String, _ problems: String...) {
            self.text = text
            self.problems = problems
        }
    }

    static let notYAML: [Case] = [
        Case("", "holdfast.yaml: the file is empty"),
        Case("# only a comment\n", "holdfast.yaml: the file is empty"),
        Case("~", "holdfast.yaml: the file is empty; `holdfast check --help` shows what belongs in"),
        Case("just text", "holdfast.yaml:1:1: the file must be a mapping, not a single value"),
        Case("- a\n- b", "holdfast.yaml:1:1: the file must be a mapping, not a list"),
        Case(
            "listen: 127.0.0.1:1\n\tadmin: x",
            "holdfast.yaml:2:1: a tab cannot indent YAML; use spaces"),
        Case(
            "routes: {a: [}",
            "holdfast.yaml:1:14: this is not YAML: did not find expected node content while parsing a flow node"),
        Case(
            "a: b: c",
            "holdfast.yaml:1:5: this is not YAML: mapping values are not allowed in this context"),
        Case(
            "listen: 127.0.0.1:1\nlog: {level: info\n",
            "holdfast.yaml:3:1: this is not YAML: did not find expected ',' or '}' while parsing a flow mapping that starts in line 2"
        ),
        Case(
            "log:\n  level: info\n format: json\n",
            "holdfast.yaml:3:2: this is not YAML: did not find expected key while parsing a block mapping that starts in line 1; is this line indented as those that belong with it?"
        ),
        Case(
            "listen: 127.0.0.1:1\n---\nlisten: x",
            "holdfast.yaml:2:1: a second document starts here; a settings file is one document"),
        Case(
            "a: &x [1]\nb: *x",
            "holdfast.yaml:1:4: anchors and aliases (& and *) are not read here; write the value out",
            "holdfast.yaml:2:4: anchors and aliases (& and *) are not read here; write the value out"),
        Case(
            "log: {level: !!str info}",
            "holdfast.yaml:1:14: tags (!) are not read here; quote the value if it is text"),
        Case("listen: \u{0}", "holdfast.yaml:1:9: the character U+0000 is not allowed here"),
        Case("listen: \u{1B}[31m", "holdfast.yaml:1:9: the character U+001B is not allowed here"),
        Case("listen: \u{E041}", "holdfast.yaml:1:9: the character U+E041 is not allowed here"),
        Case("? [a]\n: b", "holdfast.yaml:1:3: a key must be plain text"),
        Case(String(repeating: "[", count: 100_000), "holdfast.yaml:1:33: nested too deeply"),
        Case(
            "a: " + String(repeating: "- ", count: 500),
            "holdfast.yaml:1:4: this is not YAML: block sequence entries are not allowed in this context"),
    ]

    static let wrongKeys: [Case] = [
        Case("provders: {}", "holdfast.yaml:1:1: unknown key \"provders\"; did you mean \"providers\"?"),
        Case(
            "database: x",
            "holdfast.yaml:1:1: unknown key \"database\"; known here: listen, tls, admin, keys, cors, hosts, providers, routes, engine, limits, log, metrics, custody, data, run, ledger, supervision, veto, standards, status_page, alerts"
        ),
        Case(
            "log:\n  levl: info",
            "holdfast.yaml:2:3: unknown key \"levl\" in log; did you mean \"level\"?"),
        Case(
            "<<: {a: b}",
            "holdfast.yaml:1:1: unknown key \"<<\"; known here: listen, tls, admin, keys, cors, hosts, providers, routes, engine, limits, log, metrics, custody, data, run, ledger, supervision, veto, standards, status_page, alerts"
        ),
        Case(
            "listen: 127.0.0.1:1\nlog: {level: info, level: debug}\nlisten: 127.0.0.1:2\n\"listen\": x\nadmn: x",
            "holdfast.yaml:2:20: \"level\" is given twice; the first one is in line 2",
            "holdfast.yaml:3:1: \"listen\" is given twice; the first one is in line 1",
            "holdfast.yaml:4:1: \"listen\" is given twice; the first one is in line 1",
            "holdfast.yaml:5:1: unknown key \"admn\"; did you mean \"admin\"?"),
    ]

    static let wrongValues: [Case] = [
        Case(
            "listen: 8080",
            "holdfast.yaml:1:9: listen must be an address and a port such as 127.0.0.1:8080, not \"8080\""),
        Case("listen: [a]", "holdfast.yaml:1:9: listen must be a single value, not a list"),
        Case(
            "listen: 127.0.0.1:1\nadmin: 127.0.0.1:1",
            "holdfast.yaml:2:8: admin and listen are both 127.0.0.1:1; they are two listeners"),
        Case("tls: {cert: a.pem}", "holdfast.yaml:1:6: tls needs both cert and key"),
        Case("keys: off", "holdfast.yaml:1:7: keys must be {file: PATH} or none, not \"off\""),
        Case(
            "listen: 0.0.0.0:80\nkeys: none\nadmin: \"[::]:81\"",
            "holdfast.yaml:2:7: keys: none is for loopback only, and listen is 0.0.0.0:80; listen on 127.0.0.1 or use {file: PATH}",
            "holdfast.yaml:2:7: keys: none is for loopback only, and admin is [::]:81; listen on 127.0.0.1 or use {file: PATH}"
        ),
        Case(
            "limits: {body: big, drain: 30}",
            "holdfast.yaml:1:16: limits.body must be a size such as 64KiB or 32MiB, not \"big\"",
            "holdfast.yaml:1:28: limits.drain must be a time such as 500ms, 10s, 2m or 1h, not \"30\""),
        Case(
            "log: {level: loud}",
            "holdfast.yaml:1:14: log.level must be trace, debug, info, notice, warning, error or critical, not \"loud\""
        ),
        Case("log: {requests: yes}", "holdfast.yaml:1:17: log.requests must be true or false, not \"yes\""),
        Case(
            "metrics: {on: admin}",
            "holdfast.yaml:1:15: metrics.on is admin, but there is no admin listener; add `admin: 127.0.0.1:8081`"),
        Case("providers: [a]", "holdfast.yaml:1:12: providers must be a mapping, not a list"),
        Case("routes: [a]", "holdfast.yaml:1:9: routes must be a mapping, not a list"),
        Case("listen: ${WHERE}", "holdfast.yaml:1:9: listen: WHERE is not set, and there is no default"),
        Case(
            "listen: ${WHERE",
            "holdfast.yaml:1:9: listen: \"${\" without \"}\"; write $$ for a dollar sign"),
        Case(
            "listen: ${a b}",
            "holdfast.yaml:1:9: listen: \"${a b}\" is not a reference; write ${NAME} or ${NAME:-default}"),
    ]

    static let wrongProviders: [Case] = [
        Case(
            "providers: {a b: {}}",
            "holdfast.yaml:1:13: \"a b\" cannot name a provider; use letters, digits, \".\", \"_\" and \"-\""),
        Case(
            "providers: {p: {}}",
            "holdfast.yaml:1:13: providers.p needs a dialect: openai, anthropic, responses, bedrock or engine"),
        Case("providers: {p: {dialect: openai}}", "holdfast.yaml:1:16: providers.p needs a base_url"),
        Case("providers: {p: {dialect: engine}}", "holdfast.yaml:1:16: providers.p needs a model_file"),
        Case(
            "providers: {p: {dialect: cohere, base_url: https://x}}",
            "holdfast.yaml:1:26: providers.p.dialect must be openai, anthropic, responses, bedrock or engine, not \"cohere\""
        ),
        Case(
            "providers: {p: {dialect: engine, model_file: m, api_key: k}}",
            "holdfast.yaml:1:58: providers.p.api_key does not go with dialect engine"),
        Case(
            "providers: {p: {dialect: openai, base_url: x.example}}",
            "holdfast.yaml:1:44: providers.p.base_url must start with https:// or http://: \"x.example\""),
        Case(
            "providers: {p: {dialect: openai, base_url: https://x/?a=b}}",
            "holdfast.yaml:1:44: providers.p.base_url may not have a query or a fragment"),
        Case(
            "providers: {p: {dialect: openai, base_url: https://u:p@x}}",
            "holdfast.yaml:1:44: providers.p.base_url may not hold a user or a password; use api_key or headers"),
        Case(
            "providers: {p: {dialect: openai, base_url: https://x:99999}}",
            "holdfast.yaml:1:44: providers.p.base_url has no valid host and port: \"https://x:99999\""),
        Case(
            "providers: {p: {dialect: openai, base_url: http://x.example/v1, api_key: k}}",
            "holdfast.yaml:1:44: warning: providers.p.base_url is http: the key of providers.p and every prompt cross the network in clear"
        ),
        Case("providers: {p: {dialect: openai, base_url: http://127.0.0.1:1/v1, api_key: k}}"),
        Case(
            "providers: {p: {dialect: openai, base_url: https://x, headers: {host: x, a b: c}}}",
            "holdfast.yaml:1:65: providers.p.headers may not set \"host\"",
            "holdfast.yaml:1:74: \"a b\" cannot be the name of a header"),
        Case(
            "providers: {p: {dialect: openai, base_url: https://x, headers: {a: \"b\\nc: d\"}}}",
            "holdfast.yaml:1:68: providers.p.headers.a has a line end or a control character in it"),
        Case(
            "providers: {p: {dialect: openai, base_url: https://x, proxy: socks5://u:secret@x}}",
            "holdfast.yaml:1:62: providers.p.proxy must be http://host:port, http://user:password@host:port or none"),
        Case(
            "providers: {p: {dialect: openai, base_url: https://x, models: []}}",
            "holdfast.yaml:1:63: providers.p.models is empty; leave it out if any model may be asked for"),
        Case(
            "providers: {p: {dialect: openai, base_url: https://x, timeouts: {idle: 0s}}}",
            "holdfast.yaml:1:72: providers.p.timeouts.idle must be more than nothing"),
        Case(
            "providers: {p: {dialect: engine, model_file: m, parallel: 0, embeddings: max}}",
            "holdfast.yaml:1:59: providers.p.parallel must be a whole number from 1 to 256, not \"0\"",
            "holdfast.yaml:1:74: providers.p.embeddings must be mean, cls or last, not \"max\""),
        Case(
            "engine: {python: a, command: b}",
            "holdfast.yaml:1:30: engine.command and python exclude each other: python is for Holdfast's own launcher"),
    ]

    static let wrongRoutes: [Case] = {
        let provider = "providers: {here: {dialect: engine, model_file: m.gguf}}\n"
        return [
            Case(
                provider + "routes: {a/b: {}}",
                "holdfast.yaml:2:10: \"a/b\" cannot name a route; use letters, digits, \".\", \"_\" and \"-\"; \"/\" is for provider/model"
            ),
            Case(provider + "routes: {r: {}}", "holdfast.yaml:2:10: routes.r needs at least one candidate"),
            Case(
                provider + "routes: {r: {candidates: [{provider: hree, model: m}]}}",
                "holdfast.yaml:2:38: routes.r.candidates[0].provider is \"hree\", which is not under providers; did you mean \"here\"?"
            ),
            Case(
                provider + "routes: {r: {candidates: [{provider: here}]}}",
                "holdfast.yaml:2:27: routes.r.candidates[0] needs a model"),
            Case(
                provider + "routes: {r: {candidates: [{provider: here, model: other}]}}",
                "holdfast.yaml:2:51: routes.r.candidates[0].model is \"other\", which here does not serve; it serves m"),
            Case(
                provider + "routes: {r: {candidates: [{provider: here, model: m}, {provider: here, model: m}]}}",
                "holdfast.yaml:2:55: routes.r has here/m twice"),
            Case(
                provider + "routes: {r: {candidates: [{provider: here, model: m, price: {input: 1e3}}]}}",
                "holdfast.yaml:2:61: routes.r.candidates[0].price needs output, the price of a million tokens"),
            Case(
                "providers: {p: {dialect: openai, base_url: https://x, api_key: \"${K}\"}}\n"
                    + "routes: {r: {candidates: [{provider: p, model: m}]}}",
                "holdfast.yaml:1:13: warning: provider \"p\" is skipped: K is not set",
                "holdfast.yaml:2:10: warning: nobody can serve route \"r\": every provider it names is skipped"),
        ]
    }()

    @Test(arguments: notYAML + wrongKeys + wrongValues + wrongProviders + wrongRoutes)
    func theProblemIsNamedWithItsPlace(broken: Case) {
        #expect(problems(broken.text) == broken.problems)
    }
}
