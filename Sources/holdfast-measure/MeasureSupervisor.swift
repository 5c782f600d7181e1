import ArgumentParser
import Availability
import Conversation
import HoldfastServer
import NIOCore
import NIOPosix
import Supervision
import Wire

/// `holdfast-measure supervisor`
struct MeasureSupervisor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervisor", abstract: "Measure the second stage's queue beside its bare engine.",
        discussion: """
            Asks an engine that makes vectors for windows of text, straight over its socket and \
            through the queue of the second stage, by turns and at 1, 2, 4 and 8 at once. No window \
            is asked for twice, so that nothing comes out of the cache. \
            Benchmarks/supervisor_model.py starts the engine.

            Example: holdfast-measure supervisor --socket /tmp/engine.sock
            """)

    @Option(help: "The engine's Unix socket.", completion: .file()) var socket: String
    @Option(help: "How many windows each way is asked for in a round.") var windows = 64
    @Option(help: "How many rounds; the medians are shown.") var rounds = 5
    @Flag(help: "Print JSON.") var json = false

    private static let widths = [1, 2, 4, 8]

    func validate() throws {
        guard (8...10_000).contains(windows) else { throw ValidationError("--windows is from 8 to 10,000.") }
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds is from 1 to 1000.") }
    }

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bare = Bare(
            lane: try EmbeddingLane(socketPath: socket, model: "minilm-supervisor", eventLoop: group.next()))
        let stage = EmbeddingStage(bare, heads: .trained, digest: "")
        let running = Task { await stage.run() }
        var times: [Int: (bare: [Double], stage: [Double])] = [:]
        var number = 0
        for round in 0..<rounds {
            for width in Self.widths {
                for way in round.isMultiple(of: 2) ? [Way.bare, .stage] : [.stage, .bare] {
                    number += 1
                    let time = try await measure(way, width, bare, stage, from: number * windows)
                    switch way {
                    case .bare: times[width, default: ([], [])].bare.append(time)
                    case .stage: times[width, default: ([], [])].stage.append(time)
                    }
                }
            }
        }
        running.cancel()
        await running.value
        try await group.shutdownGracefully()
        show(times)
    }

    private enum Way { case bare, stage }

    /// The engine without anything in front.
    private struct Bare: WindowEmbedder {
        let lane: EmbeddingLane
        var isReady: Bool { true }
        var refusal: String? { nil }
        func embed(_ text: String) async -> EmbeddingAnswer { await lane.embed(text) }
    }

    /// Milliseconds a window.
    private func measure(
        _ way: Way, _ width: Int, _ bare: Bare, _ stage: EmbeddingStage, from first: Int
    ) async throws -> Double {
        let began = ContinuousClock.now
        let isWhole = await withTaskGroup(of: Bool.self) { group in
            for lane in 0..<width {
                group.addTask {
                    for index in stride(from: lane, to: windows, by: width) {
                        guard await ask(way, Self.text(first + index), lane, bare, stage) else { return false }
                    }
                    return true
                }
            }
            return await group.allSatisfy(\.self)
        }
        guard isWhole else {
            complain("the engine at \(socket) doesn't answer with vectors")
            throw ExitCode.unavailable
        }
        return began.duration(to: .now) / .milliseconds(1) / Double(windows)
    }

    private func ask(
        _ way: Way, _ text: String, _ lane: Int, _ bare: Bare, _ stage: EmbeddingStage
    ) async -> Bool {
        switch way {
        case .bare:
            if case .vector = await bare.embed(text) { return true }
            return false
        case .stage:
            let asker = SecondStageAsker(tenant: "t", key: "k\(lane)", policy: PolicyDigest("p"))
            // The stage may not have begun yet.
            for _ in 0..<100 {
                let result = await stage.scores(
                    of: [RankedWindow(.user, text, place: 0)], for: asker,
                    within: SecondStageTerms(patience: .seconds(60)))
                if case .scored(let scores) = result { return scores.seen == 1 }
                await Task.yield()
            }
            return false
        }
    }

    /// Some 60 tokens that no other number has.
    private static func text(_ number: Int) -> String {
        let words = ["account", "branch", "sensor", "order", "flight", "report", "table", "worker", "budget", "route"]
        var state = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
        var text = "Note \(number):"
        for _ in 0..<50 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            text += " " + words[Int(state >> 33) % words.count]
        }
        return text
    }

    private func show(_ times: [Int: (bare: [Double], stage: [Double])]) {
        func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        guard !json else {
            var writer = JSONWriter()
            writer.object { json in
                json.array("widths") { json in
                    for width in Self.widths {
                        guard let time = times[width] else { continue }
                        json.object { json in
                            json.member("at_once", width)
                            json.member("bare_ms", middle(time.bare))
                            json.member("stage_ms", middle(time.stage))
                        }
                    }
                }
            }
            return print(String(buffer: writer.buffer))
        }
        print("milliseconds a window; medians of \(rounds)\nat once  bare engine  second stage  ratio")
        for width in Self.widths {
            guard let time = times[width] else { continue }
            let (bare, stage) = (middle(time.bare), middle(time.stage))
            print(
                "\(width)        \(Figures.decimals(bare, 2))        \(Figures.decimals(stage, 2))        "
                    + Figures.decimals(stage / bare, 3))
        }
    }
}
