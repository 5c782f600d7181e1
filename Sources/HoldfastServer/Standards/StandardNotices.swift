import Logging
import Settings
import Veto
import Wire

/// The words of standards: on record, in the log, and to the webhooks that they
/// name.
struct StandardNotices: Sendable {
    private let events: ServerEvents
    private let alerts: AlertService
    private let settings: CurrentSettings
    private let logger: Logger

    init(_ events: ServerEvents, alerts: AlertService, settings: CurrentSettings, logger: Logger) {
        self.events = events
        self.alerts = alerts
        self.settings = settings
        self.logger = logger
    }

    /// - Parameter maySuspend: false where nothing can be suspended, so that an
    ///   order is a warning.
    func tell(_ event: StandardEvent, _ standards: [Standard], maySuspend: Bool) {
        let news = StandardOccurrence(event, standards, maySuspend: maySuspend)
        events.send(.standard(news))
        log(news)
        let told = standards.first { $0.id == news.place.standard }?.told ?? []
        let receivers =
            told.isEmpty ? settings.now.webhooks.filter { $0.kinds.contains(.standards) }.map(\.name) : told
        alerts.tell(to: receivers, "standard.\(news.kind.rawValue)") { json in
            json.member("standard", news.place.standard)
            json.member("subject", news.place.scope.text)
            json.member("check", ifPresent: news.check?.rawValue)
            json.member("verdict", ifPresent: news.verdict?.ruling.rawValue)
            json.member("evidence", ifPresent: news.verdict?.evidence)
            json.member("breach", ifPresent: news.consequence?.rawValue)
            json.member("suspension", ifPresent: news.number.map { "S\($0)" })
            json.member("note", ifPresent: news.remark.isEmpty ? nil : news.remark)
        }
    }

    private func log(_ news: StandardOccurrence) {
        var metadata: Logger.Metadata = [
            "standard": "\(news.place.standard)", "subject": "\(news.place.scope.text)",
        ]
        if let evidence = news.verdict?.evidence { metadata["evidence"] = "\(evidence)" }
        if let number = news.number { metadata["suspension"] = "S\(number)" }
        if !news.remark.isEmpty { metadata["note"] = "\(news.remark)" }
        let (level, words) = Self.line(news.kind)
        logger.log(level: level, "\(words)", metadata: metadata)
    }

    private static func line(_ kind: StandardOccurrence.Kind) -> (Logger.Level, String) {
        switch kind {
        case .breached: (.warning, "a standard is breached; its grace runs")
        case .warned: (.warning, "a standard is breached")
        case .suspends: (.error, "a standard suspends")
        case .returns: (.notice, "a standard is met again for long enough; its suspension passes the gate")
        case .needsPeople: (.warning, "a standard is met again, and its suspension waits for people")
        case .met: (.notice, "a standard is met again")
        case .unknown: (.warning, "the evidence for a standard can't be had")
        }
    }
}
