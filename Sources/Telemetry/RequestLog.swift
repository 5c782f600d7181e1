import Conversation
import Encodings
package import Gateway
import NIOCore
import Synchronization
import Wire

/// The request log: a line a request, straight into the sink. swift-log's
/// dictionary of metadata would cost more than the whole rest of a request.
package final class RequestLog: RequestRecorder {
    private let sink: LogSink
    private let format: LogFormat
    private let time = Mutex(LogTime())

    package init(_ sink: LogSink, format: LogFormat) {
        self.sink = sink
        self.format = format
    }

    package func record(_ refusals: RefusalSample.Summary) {
        let now = time.withLock { $0.now() }
        let seconds = Int(refusals.period.nanoseconds / 1_000_000_000)
        switch format {
        case .json:
            sink.append { buffer in
                var json = JSONWriter(exchange(&buffer, with: ByteBuffer()))
                json.object { json in
                    json.member("time", now)
                    json.member("level", "info")
                    json.member("message", "more requests were refused")
                    json.member("reason", refusals.reason)
                    json.member("count", refusals.count)
                    json.member("seconds", seconds)
                }
                json.buffer.writeStaticString("\n")
                buffer = json.buffer
            }
        case .human:
            let line =
                "\(Substring(now.utf8.dropLast(5)))Z         more requests were refused (\(Printable.text(refusals.reason))): "
                + "\(refusals.count) in \(seconds) s\n"
            sink.append { $0.writeString(line) }
        }
    }

    package func record(_ record: RequestRecord) {
        guard record.isLogged else { return }
        let now = time.withLock { $0.now() }
        switch format {
        case .json: sink.append { Self.json(record, now, &$0) }
        case .human:
            // Made before the sink is locked: all event loops log there.
            let line = Self.line(record, now)
            sink.append { $0.writeString(line) }
        }
    }

    private static func json(_ record: RequestRecord, _ now: String, _ buffer: inout ByteBuffer) {
        // Taken out for the while: two owners would mean a copy of all that
        // waits.
        var json = JSONWriter(exchange(&buffer, with: ByteBuffer()))
        let start = json.buffer.writerIndex
        json.object { json in
            json.member("time", now)
            json.member("level", "info")
            json.member("message", "request")
            json.member("request", record.id)
            json.member("operation", record.operation)
            json.member("door", record.door.rawValue)
            json.member("key", record.keyID)
            json.member("tenant", ifPresent: record.tenant)
            json.member("session", ifPresent: record.marks.session)
            json.member("agent", ifPresent: record.marks.agent)
            json.member("parent_agent", ifPresent: record.marks.parent)
            json.member("request_class", ifPresent: record.marks.requestClass)
            json.member("requested", record.requested)
            json.member("route", ifPresent: record.route)
            json.member("served_by", ifPresent: record.servedBy)
            json.member("status", record.status)
            json.member("outcome", record.outcome.rawValue)
            json.member("reason", ifPresent: record.reason)
            json.member("stream", record.isStream)
            json.member("drill", ifPresent: record.drill?.id)
            if let supervision = record.supervision {
                json.object("supervision") { supervision.write(to: &$0) }
            }
            json.array("attempts") { json in
                for attempt in record.attempts {
                    json.object { json in
                        json.member("provider", attempt.provider)
                        json.member("model", attempt.model)
                        json.member("status", ifPresent: attempt.status)
                        json.member("failure", ifPresent: attempt.failure)
                        json.member("cause", ifPresent: attempt.cause)
                        json.member("rule", ifPresent: attempt.rule)
                        if attempt.isHedge { json.member("hedge", true) }
                        if attempt.isRescue { json.member("rescue", true) }
                        // Of one alone, the whole's is all there is to say.
                        if record.attempts.count > 1, let usage = attempt.usage ?? attempt.unheard {
                            json.member("input_tokens", usage.input)
                            json.member("output_tokens", usage.output)
                        }
                    }
                }
            }
            if !record.handOvers.isEmpty {
                json.array("continued") { json in
                    for handOver in record.handOvers { json.object { handOver.write(to: &$0) } }
                }
            }
            if record.isBeyondContinuation { json.member("continuable", false) }
            if !record.skipped.isEmpty {
                json.array("skipped") { json in
                    for reason in record.skipped { json.value(reason) }
                }
            }
            if !record.dropped.isEmpty {
                json.array("dropped") { json in
                    for field in record.dropped { json.value(field) }
                }
            }
            if let usage = record.usage {
                json.member("input_tokens", usage.input)
                json.member("output_tokens", usage.output)
                json.member("cached_tokens", ifPresent: usage.cacheRead)
                if record.usageIsEstimate { json.member("tokens_estimated", true) }
            }
            if let move = record.move {
                json.member("moved_from", move.from)
                json.member("move_tokens", move.tokens)
            }
            if record.waited > .zero { json.member("waited_ms", milliseconds(record.waited)) }
            json.member("first_byte_ms", ifPresent: record.timeToFirstByte.map(milliseconds))
            json.member("duration_ms", milliseconds(record.duration))
            json.member("request_bytes", record.requestBytes)
            json.member("response_bytes", record.responseBytes)
        }
        json.buffer.makePrintable(from: start)
        json.buffer.writeStaticString("\n")
        buffer = json.buffer
    }

    // Appended piece by piece: every interpolation would be a string of its
    // own, for each request.
    private static func line(_ record: RequestRecord, _ now: String) -> String {
        var line = ""
        line.reserveCapacity(200)
        line += Substring(now.utf8.dropLast(5))
        line += "Z"
        line += "         "
        line += String(record.status)
        line += " "
        line += record.requested.isEmpty ? record.operation : Printable.text(record.requested)
        if let served = record.servedBy, served != record.requested {
            line += " → "
            line += Printable.text(served)
        }
        for handOver in record.handOvers { line += " ⇒ \(Printable.text(handOver.by))" }
        if let drill = record.drill { line += " drill=\(drill.id)" }
        if let supervision = record.supervision { line += supervision.words }
        if record.outcome != .served { line += " \(record.outcome.rawValue)" }
        if let reason = record.reason { line += " (\(Printable.text(reason)))" }
        for attempt in record.attempts {
            if let failure = attempt.failure { line += " \(attempt.provider):\(attempt.cause ?? failure)" }
        }
        if let usage = record.usage {
            line += record.usageIsEstimate ? " ~" : " "
            line += String(usage.input)
            line += "+"
            line += String(usage.output)
            line += " tokens"
        }
        line += " "
        line += milliseconds(record.duration).description
        line += " ms key="
        line += record.keyID
        line += " "
        line += record.id
        line += "\n"
        return line
    }

    /// To a hundredth.
    private static func milliseconds(_ duration: Duration) -> Double {
        let nanoseconds = duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
        return Double(nanoseconds / 10_000) / 100
    }
}
