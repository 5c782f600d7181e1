import Encodings
package import Logging
import NIOCore
import Synchronization
import Wire

package enum LogFormat: String, Sendable {
    case human, json
}

/// swift-log's lines into the sink, for people or for machines.
package struct HoldfastLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let sink: LogSink
    private let format: LogFormat

    package init(label: String, sink: LogSink, format: LogFormat, level: Logger.Level) {
        self.label = label
        self.sink = sink
        self.format = format
        self.logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var time = LogTime()
        let now = time.now()
        var all = metadata
        if let more = event.metadata { all.merge(more) { $1 } }
        let fields = all.sorted { $0.key < $1.key }
        switch format {
        case .json:
            sink.append { buffer in
                // Taken out for the while: two owners would mean a copy of
                // all that waits.
                var json = JSONWriter(exchange(&buffer, with: ByteBuffer()))
                let start = json.buffer.writerIndex
                json.object { json in
                    json.member("time", now)
                    json.member("level", event.level.rawValue)
                    json.member("from", label)
                    json.member("message", event.message.description)
                    for (key, value) in fields {
                        // Nothing may pass for the line's own.
                        json.key(dynamic: Self.own.contains(key) ? "_" + key : key)
                        json.value("\(value)")
                    }
                }
                json.buffer.makePrintable(from: start)
                json.buffer.writeStaticString("\n")
                buffer = json.buffer
            }
        case .human:
            let extra = fields.map { " \($0.key)=\(Printable.text("\($0.value)"))" }.joined()
            let line =
                "\(now.dropLast(5))Z \(Self.mark(event.level)) \(Printable.text(event.message.description))\(extra)\n"
            sink.append { $0.writeString(line) }
        }
        if event.level >= .error { sink.hurry() }
    }

    private static let own: Set<String> = ["time", "level", "from", "message"]

    private static func mark(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "debug  "
        case .info, .notice: "       "
        case .warning: "warning"
        case .error: "error  "
        case .critical: "ALARM  "
        }
    }
}
