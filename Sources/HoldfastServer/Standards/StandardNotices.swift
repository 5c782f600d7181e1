import Logging
import Settings
import Veto
import Wire

/// The words of standards: in the log, and to the webhooks that they name.
struct StandardNotices: Sendable {
    private let alerts: AlertService
    private let settings: CurrentSettings
    private let logger: Logger

    init(alerts: AlertService, settings: CurrentSettings, logger: Logger) {
        self.alerts = alerts
        self.settings = settings
        self.logger = logger
    }

    /// - Parameter maySuspend: false where nothing can be suspended, so that an
    ///   order is a warning.
    func tell(_ event: StandardEvent, _ standards: [Standard], maySuspend: Bool) {
        let news = News(event, maySuspend: maySuspend)
        var metadata: Logger.Metadata = [
            "standard": "\(news.place.standard)", "subject": "\(news.place.scope.text)",
        ]
        if let evidence = news.verdict?.evidence { metadata["evidence"] = "\(evidence)" }
        if let number = news.number { metadata["suspension"] = "S\(number)" }
        if !news.remark.isEmpty { metadata["note"] = "\(news.remark)" }
        logger.log(level: news.level, "\(news.words)", metadata: metadata)
        let standard = standards.first { $0.id == news.place.standard }
        let told = standard?.told ?? []
        let receivers =
            told.isEmpty ? settings.now.webhooks.filter { $0.kinds.contains(.standards) }.map(\.name) : told
        alerts.tell(to: receivers, news.type) { json in
            json.member("standard", news.place.standard)
            json.member("subject", news.place.scope.text)
            json.member("check", ifPresent: standard?.check.kind.rawValue)
            json.member("verdict", ifPresent: news.verdict?.ruling.rawValue)
            json.member("evidence", ifPresent: news.verdict?.evidence)
            json.member("breach", ifPresent: standard?.consequence.rawValue)
            json.member("suspension", ifPresent: news.number.map { "S\($0)" })
            json.member("note", ifPresent: news.remark.isEmpty ? nil : news.remark)
        }
    }

    /// An event as it is told.
    private struct News {
        var type: String
        var level: Logger.Level
        var words: Logger.Message
        var place: StandardPlace
        var verdict: StandardVerdict?
        var number: Int?
        var remark = ""

        init(_ event: StandardEvent, maySuspend: Bool) {
            switch event {
            case .breached(let place, let verdict, _):
                (type, level) = ("standard.breached", .warning)
                words = "a standard is breached; its grace runs"
                (self.place, self.verdict) = (place, verdict)
            case .warned(let place, let verdict, let warning):
                (type, level) = ("standard.warned", .warning)
                words = "a standard is breached"
                (self.place, self.verdict) = (place, verdict)
                remark = warning.text
            case .order(_, let place, let verdict):
                (type, level) = maySuspend ? ("standard.suspends", .error) : ("standard.warned", .error)
                words = maySuspend ? "a standard suspends" : "a standard is breached, and nothing can be suspended"
                (self.place, self.verdict) = (place, verdict)
            case .return(let number, let place):
                (type, level) = ("standard.returns", .notice)
                words = "a standard is met again for long enough; its suspension passes the gate"
                (self.place, self.number) = (place, number)
            case .needsPeople(let number, let place, let because):
                (type, level) = ("standard.needs-people", .warning)
                words = "a standard is met again, and its suspension waits for people"
                (self.place, self.number) = (place, number)
                remark = because == .flapping ? "it has returned by itself as often as it may in a day" : ""
            case .recovered(let place, let verdict):
                (type, level) = ("standard.met", .notice)
                words = "a standard is met again"
                (self.place, self.verdict) = (place, verdict)
            case .unknown(let place, let verdict):
                (type, level) = ("standard.unknown", .warning)
                words = "the evidence for a standard can't be had"
                (self.place, self.verdict) = (place, verdict)
            }
        }
    }
}
