import EngineHost
import Logging
import Testing

@Suite struct EngineCommandTests {
    private func command(_ words: [String], embeddings: Bool = false, files: [String] = ["m.gguf"]) throws
        -> EngineCommand
    {
        try EngineCommand(
            EngineConfiguration(
                provider: "here", launcher: .command(words), modelFile: "/etc/hostname", alias: "{context}",
                context: 100, parallel: 3, embeddings: embeddings, runDirectory: "/run/hf",
                guardExecutable: "/bin/holdfast"), weights: try .init(files))
    }

    @Test func placeholdersAreFilledOnce() throws {
        let words = [
            "vllm", "serve", "{model}", "--uds={socket}", "{alias}", "{context}x{parallel}", "{total_context}",
            "{other}", "{",
        ]
        let command = try command(words)
        #expect(command.executable == "/bin/holdfast")
        #expect(
            command.arguments == [
                "engine-guard", "--weights", "1", "--", "vllm", "serve", "/proc/self/fd/100",
                "--uds=/run/hf/here/s/engine.sock", "{context}",
                "100x3", "300", "{other}", "{",
            ])
    }

    @Test func llamaServerGetsItsFlags() throws {
        let arguments = try command(["/opt/bin/llama-server", "--mlock"], embeddings: true).arguments
        #expect(
            arguments.starts(with: [
                "engine-guard", "--weights", "1", "--", "/opt/bin/llama-server", "--mlock", "--model",
                "/proc/self/fd/100",
            ]))
        let context = try #require(arguments.firstIndex(of: "--ctx-size"))
        #expect(arguments[context + 1] == "300")
        #expect(arguments.contains("--jinja") && arguments.contains("mean"))
    }

    @Test func llamaServerWithPlaceholdersIsLeftAlone() throws {
        #expect(
            try command(["llama-server", "-m", "{model}"]).arguments == [
                "engine-guard", "--weights", "1", "--", "llama-server", "-m", "/proc/self/fd/100",
            ])
    }

    @Test func otherServersAreLeftAlone() throws {
        #expect(try command(["my-server"]).arguments == ["engine-guard", "--weights", "1", "--", "my-server"])
    }

    @Test func foreignEnvironmentIsPathAndHomeOnly() throws {
        let environment = try command(["x"]).environment
        #expect(Set(environment.keys).isSubset(of: ["PATH", "HOME", "GGML_NO_BACKTRACE"]))
        #expect(environment["GGML_NO_BACKTRACE"] == "1")
    }

    @Test func partsOfASplitModelHaveNamesAndNoPathOfTheDisk() throws {
        let files = ["sub/m-00001-of-00002.gguf", "sub/m-00002-of-00002.gguf"]
        #expect(
            try command(["x", "{model}"], files: files).arguments.last == "/run/hf/here/s/m-00001-of-00002.gguf")
        let most = (0...64).map { "\($0)" }
        #expect(throws: EngineStartError.self) { try command(["x"], files: most) }
    }

    @Test func emptyCommandIsRefused() {
        #expect(throws: EngineStartError.self) { try command([]) }
    }
}

@Suite struct EngineLogTests {
    private func line(_ text: String, isKnown: Bool = true, serving: Bool = true) -> (Logger.Level, String)? {
        EngineLog.Line(text, isKnown: isKnown, serving: serving).map { ($0.level, $0.text) }
    }

    @Test func llamaLevelsAreMapped() throws {
        #expect(
            try #require(line("0.00.162.546 E srv    load_model: failed", serving: false)) == (
                .error, "srv load_model: failed"
            ))
        #expect(
            try #require(line("0.00.162.546 E srv    send_error: too long")) == (.warning, "srv send_error: too long"))
        #expect(try #require(line("0.00.162.546 W slot   operator(): id  3")) == (.debug, "slot operator(): id 3"))
        #expect(try #require(line("0.00.162.546 W srv init: x", serving: false)) == (.debug, "srv init: x"))
        #expect(line("0.00.162.546 D prompt: secret") == nil)
    }

    @Test func whatMayQuoteARequestIsWithheld() throws {
        let text = "2.39.298.728 W srv    operator(): got exception: parse error; last read: 'my secret'"
        #expect(try #require(line(text)).1 == "srv operator(): got exception: (withheld)")
    }

    @Test func foreignLinesAreLoggedOnlyUntilItServes() throws {
        #expect(try #require(line("loading weights", isKnown: false, serving: false)) == (.info, "loading weights"))
        #expect(line("Received request: prompt: 'secret'", isKnown: false, serving: true) == nil)
    }

    @Test func launcherSpeaksForItself() throws {
        #expect(try #require(line("holdfast: no model")) == (.error, "no model"))
    }

    @Test func outputCutAnywhereGivesTheSameLines() {
        let output = Array("0.00.1 E one\n\u{1b}[31mtwo\u{7}\nthree".utf8)
        for cut in 0...output.count {
            let kept = LogLines()
            var engineLog = EngineLog(logger: kept.logger, isKnown: true)
            for part in [output[..<cut], output[cut...]] {
                part.withUnsafeBytes { engineLog.take($0, serving: false) }
            }
            engineLog.finish(serving: false)
            #expect(kept.lines.map { $0.prefix(8) } == ["one [:]", "[31mtwo ", "three [:"].map { $0.prefix(8) })
        }
    }
}
