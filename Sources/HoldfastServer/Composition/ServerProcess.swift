import CoreMetrics
import Logging
import NIOCore
import NIOPosix
import Settings
import Telemetry

/// The parts of the process that all services share: log, metrics, threads,
/// the run folder and the settings in force.
///
/// One a process: the log and the metrics are global to it.
struct ServerProcess {
    let settings: CurrentSettings
    let sink: LogSink
    let registry: PrometheusRegistry
    let group: MultiThreadedEventLoopGroup
    let runDirectory: RunDirectory
    let events: ServerEvents

    /// - Throws: ``StartupError`` where another Holdfast has the run folder.
    init(_ settings: Settings) throws(StartupError) {
        self.settings = CurrentSettings(settings)
        let sink = LogSink()
        self.sink = sink
        let (format, level) = (settings.log.telemetryFormat, settings.log.loggerLevel)
        LoggingSystem.bootstrap { HoldfastLogHandler(label: $0, sink: sink, format: format, level: level) }
        registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        runDirectory = RunDirectory(settings)
        try runDirectory.claim()
        group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        events = ServerEvents()
    }

    var eventLoops: [any EventLoop] { Array(group.makeIterator()) }

    /// The recorder of requests in the log; nil where the settings want none.
    var requestLog: RequestLog? {
        let log = settings.started.log
        return log.requests ? RequestLog(sink, format: log.telemetryFormat) : nil
    }

    /// A logger for a library, whose words matter only when something is
    /// wrong.
    static func quiet(_ label: String, from level: Logger.Level = .warning) -> Logger {
        var logger = Logger(label: label)
        logger.logLevel = max(logger.logLevel, level)
        return logger
    }
}

extension LogSettings {
    fileprivate var telemetryFormat: LogFormat {
        switch format {
        case .human: .human
        case .json: .json
        }
    }

    fileprivate var loggerLevel: Logger.Level {
        switch level {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
