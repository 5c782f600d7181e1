import Conversation
import Routing
import Settings
import Testing

/// Tests of the meaning of valid files.
@Suite struct ShapeTests {
    /// The example of the documentation.
    static let example = """
        listen: 127.0.0.1:8080                         # tls: { cert, key } makes it HTTPS
        admin: 127.0.0.1:8081                          # its own listener; admin keys only
        keys: { file: .holdfast/keys.yaml }            # or none
        providers:
          anthropic: { dialect: anthropic, base_url: https://api.anthropic.com, api_key: ${ANTHROPIC_API_KEY}, lab: anthropic, host: anthropic }
          here:      { dialect: engine, model_file: .holdfast/models/smollm2-135m.gguf, context: 4096, parallel: 4, lab: huggingface, host: self }
        routes:                                        # what applications ask for by name
          assistant: { candidates: [ { provider: anthropic, model: claude-opus-4-8 }, { provider: here, model: smollm2-135m } ] }
        """

    @Test func theExampleIsRead() throws {
        let reading = read(Self.example, environment: ["ANTHROPIC_API_KEY": "sk-ant: {#1}"])
        #expect(reading.problems == [])
        let settings = try #require(reading.settings)
        #expect(settings.listen == ListenAddress(host: "127.0.0.1", port: 8080))
        #expect(settings.admin == ListenAddress(host: "127.0.0.1", port: 8081))
        #expect(settings.keyFile == ".holdfast/keys.yaml")
        #expect(settings.providers.map(\.name) == ["anthropic", "here"])
        guard case .remote(let remote) = settings.providers[0].kind,
            case .engine(let engine) = settings.providers[1].kind
        else { return #expect(Bool(false)) }
        #expect(remote.baseURL.text == "https://api.anthropic.com")
        // A key that would be something else in YAML is still that key.
        #expect(remote.apiKey?.reveal() == "sk-ant: {#1}")
        #expect(engine.context == 4096 && engine.parallel == 4)
        #expect(engine.program == .launcher(python: nil))
        #expect(settings.providers[1].models == .listed(["smollm2-135m"]))
        #expect(settings.routes.map(\.name) == ["assistant"])
        #expect(settings.routes[0].candidates.map(\.id) == ["anthropic/claude-opus-4-8", "here/smollm2-135m"])
        #expect(settings.routes[0].candidates[0].lab == "anthropic")
        #expect(settings.routes[0].candidates[1].context == 4096)
    }

    @Test func aProviderWithoutItsKeyIsSkippedInOneLineAndItsCandidatesStay() throws {
        let reading = read(Self.example)
        #expect(
            reading.problems.map(\.description) == [
                "holdfast.yaml:5:3: warning: provider \"anthropic\" is skipped: ANTHROPIC_API_KEY is not set"
            ])
        let settings = try #require(reading.settings)
        #expect(settings.routes[0].candidates.map(\.unavailable) == ["ANTHROPIC_API_KEY is not set", nil])
        #expect(
            settings.routeTable.resolve("anthropic/x")
                == .providerUnavailable(provider: "anthropic", reason: "ANTHROPIC_API_KEY is not set"))
    }

    @Test func anEmptyVariableIsNotAKey() {
        #expect(
            problems(Self.example, environment: ["ANTHROPIC_API_KEY": ""]) == [
                "holdfast.yaml:5:3: warning: provider \"anthropic\" is skipped: ANTHROPIC_API_KEY is empty"
            ])
    }

    @Test func whatIsLeftOutHasDefaults() throws {
        let settings = try #require(read("listen: localhost:80").settings)
        #expect(settings.admin == nil && settings.tls == nil)
        #expect(settings.keys == .file(".holdfast/keys.yaml", serverKey: ".holdfast/server-key"))
        #expect(settings.limits == ServerLimits())
        #expect(settings.limits.body == 33_554_432 && settings.limits.drain == .seconds(30))
        #expect(settings.log.format == .human && settings.log.level == .info && settings.log.requests)
        #expect(settings.metrics.listener == .admin && !settings.metrics.isOpen)
        #expect(settings.providers == [] && settings.routes == [])
    }

    @Test func everythingCanBeSaid() throws {
        let text = """
            listen: "[::1]:8443"
            tls: {cert: tls/cert.pem, key: /etc/key.pem}
            admin: localhost:0
            keys: {file: ./keys.yaml}
            engine: {command: "llama-server --flash-attn on"}
            limits: {body: 1MiB, drain: 1.5m}
            log: {format: json, level: debug, requests: false}
            metrics: {on: main, open: true}
            providers:
              open:
                dialect: openai
                base_url: HTTPS://api.example.com:8443/v1/
                api_key: "Key ${A}${B:-b}$$"
                headers: {X-Team: blue, x-empty: ''}
                proxy: http://user:pass@proxy.example:3128
                ca_file: ca.pem
                models: [gpt-5, org/model]
                region: eu
                context: 128000
                timeouts: {connect: 500ms, first_byte: 10s, idle: 1m, total: 1h}
                max_connections: 8
              one:
                dialect: engine
                model_file: /models/a.b.gguf
                engine: {python: .venv/bin/python}
                embeddings: mean
                start_timeout: 10s
              two:
                dialect: engine
                model_file: ${MODEL:-m.gguf}
                models: two-model
            routes:
              r:
                candidates:
                  - provider: open
                    model: org/model
                    price: {input: 1.25, output: 10, cached: 0.125}
                    region: us
                    lab: lab
                    host: aws
            """
        let reading = Settings.read(Array(text.utf8), file: "conf/holdfast.yaml", environment: ["A": "a"])
        #expect(reading.problems == [])
        let settings = try #require(reading.settings)
        #expect(settings.listen.description == "[::1]:8443")
        #expect(settings.tls?.certificate == "conf/tls/cert.pem" && settings.tls?.key == "/etc/key.pem")
        #expect(settings.tls?.minimum == .v12)
        #expect(settings.keyFile == "conf/keys.yaml")
        #expect(settings.limits.body == 1_048_576 && settings.limits.drain == .seconds(90))
        #expect(settings.log.format == .json && settings.log.level == .debug && !settings.log.requests)
        #expect(settings.metrics.listener == .main && settings.metrics.isOpen)
        let open = settings.providers[0]
        guard case .remote(let remote) = open.kind else { return #expect(Bool(false)) }
        #expect(remote.baseURL.text == "https://api.example.com:8443/v1")
        #expect(remote.apiKey?.reveal() == "Key ab$")
        #expect(remote.headers.map(\.name) == ["X-Team"])
        #expect(remote.proxy?.host == "proxy.example" && remote.proxy?.credentials?.reveal() == "user:pass")
        #expect(remote.caFile == "conf/ca.pem")
        #expect(open.models == .listed(["gpt-5", "org/model"]) && open.maxConnections == 8)
        #expect(open.timeouts.connect == .milliseconds(500) && open.timeouts.total == .seconds(3600))
        guard case .engine(let one) = settings.providers[1].kind, case .engine(let two) = settings.providers[2].kind
        else { return #expect(Bool(false)) }
        #expect(one.program == .launcher(python: "conf/.venv/bin/python"))
        #expect(one.embeddings == .mean && one.startTimeout == .seconds(10) && one.context == 4096)
        #expect(settings.providers[1].models == .listed(["a.b"]) && settings.providers[1].host == "self")
        #expect(two.program == .command(["llama-server", "--flash-attn", "on"]))
        #expect(two.modelFile == "conf/m.gguf" && settings.providers[2].models == .listed(["two-model"]))
        let candidate = settings.routes[0].candidates[0]
        #expect(candidate.price == Price(input: 1.25, output: 10, cached: 0.125))
        #expect(candidate.region == "us" && candidate.host == "aws" && candidate.context == 128_000)
    }

    @Test func secretsAreNotInAnythingPrinted() throws {
        let text = """
            providers:
              p:
                dialect: openai
                base_url: https://x.example
                api_key: ${SECRET}
                headers: {authorization: "Bearer ${SECRET}"}
                proxy: http://user:s3cr3t@proxy.example:3128
            """
        let settings = try #require(read(text, environment: ["SECRET": "s3cr3t"]).settings)
        var dumped = ""
        dump(settings, to: &dumped)
        for shown in ["\(settings)", String(reflecting: settings), dumped] { #expect(!shown.contains("s3cr3t")) }
    }

    @Test(arguments: [
        ("none", nil), ("http://p.example:1", "p.example"), ("", "env.example"),
    ])
    func theEnvironmentsProxyCountsUnlessTheFileSaysElse(written: String, host: String?) throws {
        let text = """
            providers:
              p: {dialect: openai, base_url: https://x.example, proxy: \(written)}
            """
        let settings = try #require(read(text, environment: ["HTTPS_PROXY": "http://env.example:3128"]).settings)
        guard case .remote(let remote) = settings.providers[0].kind else { return #expect(Bool(false)) }
        #expect(remote.proxy?.host == host)
    }

    @Test(arguments: ["x.example", ".example", "example", "a, X.EXAMPLE", "*"])
    func hostsInNoProxyAreReachedDirectly(exempt: String) throws {
        let url = try BaseURL("https://x.example")
        let environment = ["https_proxy": "env.example:3128", "no_proxy": exempt]
        #expect(ProxyAddress.fromEnvironment(environment, for: url) == nil)
        let other = try BaseURL("https://y.test")
        #expect((ProxyAddress.fromEnvironment(environment, for: other) == nil) == (exempt == "*"))
    }

    @Test(arguments: ["keys: none", "keys: {none: {}}", "keys: {none: }"])
    func keysCanBeSwitchedOffOnLoopback(text: String) {
        #expect(read(text).settings?.keys == KeysSetting.none)
    }

    @Test func aByteOrderMarkAndWindowsLineEndsAreRead() {
        let text = "\u{FEFF}listen: 127.0.0.1:1\r\nadmin: 127.0.0.1:2\r\n"
        #expect(read(text).settings?.admin?.port == 2)
        #expect(problems("listen: 127.0.0.1:1\r\nadmin: x\r\n").first?.hasPrefix("holdfast.yaml:2:8: ") == true)
    }
}
