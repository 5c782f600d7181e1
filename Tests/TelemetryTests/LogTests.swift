import Foundation
import GatewayTesting
import Logging
import NIOCore
import Telemetry
import Testing
import Wire

@Suite(.serialized) struct LogTests {
    private func logger(_ pipe: LogPipe, _ format: LogFormat) -> Logger {
        var logger = Logger(label: "tests") {
            HoldfastLogHandler(label: $0, sink: pipe.sink, format: format, level: .info)
        }
        logger.logLevel = .info
        return logger
    }

    @Test func everyLineOfJSONIsJSON() throws {
        let pipe = LogPipe()
        var logger = logger(pipe, .json)
        logger[metadataKey: "fixed"] = "f"
        for message in ["plain", "with \"quotes\" and \\", "two\nlines", "\u{1B}[31mred", "a NUL \u{0}", "é 🌍", ""] {
            logger.warning("\(message)", metadata: ["k\"e\ny": "\(message)", "list": ["a", ["b": "c"]]])
        }
        logger.debug("never")
        pipe.sink.flush()
        let lines = pipe.lines
        #expect(lines.count == 7)
        for line in lines {
            let root = try JSONDocument(line).root
            #expect(root["level"]?.string == "warning")
            #expect(root["from"]?.string == "tests")
            #expect(root["fixed"]?.string == "f")
            #expect(root["time"]?.string?.hasSuffix("Z") == true)
            #expect(root["time"]?.string?.utf8.count == 24)
        }
        #expect(try JSONDocument(lines[2]).root["message"]?.string == "two\nlines")
    }

    @Test func metadataCanNotPassForTheLinesOwn() throws {
        let pipe = LogPipe()
        logger(pipe, .json).info("m", metadata: ["level": "fake", "message": "fake", "time": "fake"])
        pipe.sink.flush()
        // Two members of one name: what a reader makes of that is chance.
        let root = try JSONDocument(try #require(pipe.lines.first)).root
        #expect(root["message"]?.string == "m" && root["level"]?.string == "info")
    }

    @Test func aLineForPeopleIsOneLine() throws {
        let pipe = LogPipe()
        logger(pipe, .human).info("two\nlines \u{1B}[2J", metadata: ["k": "v\r\nv"])
        pipe.sink.flush()
        let lines = pipe.lines
        #expect(lines.count == 1, "\(lines)")
        #expect(!lines.joined().contains("\u{1B}"))
        #expect(lines.first?.contains("k=v") == true)
    }

    @Test func linesComeInTheirOrder() async throws {
        let pipe = LogPipe()
        for number in 0..<2000 { pipe.sink.append { $0.writeString("line \(number)\n") } }
        _ = try await pipe.until("line 1999\n")
        #expect(pipe.lines == (0..<2000).map { "line \($0)" })
    }

    @Test func aReaderThatStopsCostsBoundedMemoryAndIsToldOfIt() async throws {
        let pipe = LogPipe()
        // Nobody reads: the pipe holds 64 KiB, the sink 8 MiB.
        let line = String(repeating: "x", count: 1023) + "\n"
        var kept = 0
        for _ in 0..<40_000 {
            pipe.sink.append {
                kept = max(kept, $0.readableBytes)
                $0.writeString(line)
            }
        }
        #expect(kept <= 8 << 20)
        var dropped = 0
        try await eventually(within: .seconds(300), "an account of all lines") {
            let lines = pipe.lines
            dropped = 0
            for note in lines where note.contains("log lines were dropped") {
                dropped += (try? JSONDocument(note).root["count"]?.int) ?? 0
            }
            return dropped + lines.count { $0.first == "x" } == 40_000
        }
        #expect(dropped > 0)
        pipe.sink.append { $0.writeString("afterwards\n") }
        _ = try await pipe.until("afterwards")
    }

    /// Another process that shares the descriptor may have made it non-blocking.
    @Test func aDescriptorThatDoesNotBlockLosesNoHalfLines() async throws {
        let pipe = LogPipe(nonBlocking: true)
        for number in 0..<5000 {
            pipe.sink.append { $0.writeString("{\"n\":\(number),\"x\":\"\(String(repeating: "x", count: 100))\"}\n") }
        }
        pipe.sink.append { $0.writeString("{\"n\":-1}\n") }
        _ = try await pipe.until("{\"n\":-1}")
        for line in pipe.lines {
            guard (try? JSONDocument(line)) != nil else {
                Issue.record("a broken line: \(line.prefix(60)) … \(line.suffix(60))")
                return
            }
        }
    }

    @Test func anErrorDoesNotWaitForAReaderThatStopped() async throws {
        let pipe = LogPipe()
        for _ in 0..<200 { pipe.sink.append { $0.writeString(String(repeating: "x", count: 1023) + "\n") } }
        let logger = logger(pipe, .json)
        let done = Watched(false)
        let thread = Thread {
            logger.error("serving comes before logging")
            done.change { $0 = true }
        }
        thread.start()
        // Nobody reads before it is done.
        try await done.until { $0 }
        _ = try await pipe.until("serving comes")
    }

    /// The end of the process must not wait for the reader of its log.
    @Test func theEndDoesNotWaitForAReaderThatStopped() async throws {
        let pipe = LogPipe()
        pipe.sink.append { $0.writeString(String(repeating: String(repeating: "x", count: 1023) + "\n", count: 200)) }
        pipe.sink.append { $0.writeString("the last line\n") }
        let done = Watched(false)
        let thread = Thread {
            pipe.sink.flush(within: .milliseconds(50))
            done.change { $0 = true }
        }
        thread.start()
        try await done.until { $0 }
        #expect(pipe.isFull)
        _ = try await pipe.until("the last line")
    }

    @Test func aClosedDescriptorDoesNoHarm() {
        let sink = LogSink(descriptor: 9999)
        for _ in 0..<10 {
            sink.append { $0.writeString("x\n") }
            sink.flush()
        }
    }

    @Test func aLineIsAddedAtItsOwnCost() async throws {
        // A copy of all that waits for every line would make this quadratic: each
        // copy lies at another place than what it was made of.
        let pipe = LogPipe()
        let logger = logger(pipe, .json)
        let line = String(repeating: "x", count: 1023) + "\n"
        // Nobody reads: the writer is stuck, and what follows waits.
        pipe.sink.append { $0.writeString(String(repeating: line, count: 200)) }
        try await eventually { pipe.isFull }
        pipe.sink.append { $0.writeString(String(repeating: line, count: 7 << 10)) }
        var (place, moves) = (UnsafeRawPointer?.none, 0)
        for _ in 0..<500 {
            logger.info("line")
            pipe.sink.append { waiting in
                let now = waiting.withUnsafeReadableBytes { $0.baseAddress }
                if now != place { moves += 1 }
                place = now
            }
        }
        // It moves when it has grown, and once at first.
        #expect(moves <= 5, "\(moves)")
        _ = try await pipe.until("\"line\"")
    }
}
