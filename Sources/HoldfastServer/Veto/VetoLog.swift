import Logging
import Veto

/// The log's lines about suspensions: ids, people, scopes and phases; no texts
/// of reasons, and no evidence.
struct VetoLog: Sendable {
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    func log(_ problem: String) {
        logger.error("the veto's spool or record has a fault", metadata: ["problem": "\(problem)"])
    }

    func log(_ occurrence: VetoOccurrence) {
        var metadata: Logger.Metadata = [:]
        if let number = occurrence.event.number { metadata["suspension"] = "S\(number)" }
        if let suspension = occurrence.suspension {
            metadata["scopes"] = "\(suspension.scopes.prefix(5).map(\.text).joined(separator: " "))"
        }
        switch occurrence.event {
        case .ordered(let suspension):
            metadata["by"] = "\(suspension.orderer.text)"
            metadata["code"] = "\(suspension.reason.code.rawValue)"
            metadata["mode"] = "\(suspension.mode.rawValue)"
            logger.error("suspended: what is in its scope gets no more requests", metadata: metadata)
        case .ratified(_, let by):
            metadata["by"] = "\(by)"
            logger.notice("a second person stands behind a suspension", metadata: metadata)
        case .overdue:
            logger.error(
                "nobody has ratified a suspension in time; it stands until two people restore it", metadata: metadata)
        case .lapsed:
            logger.error(
                "nobody has ratified a suspension in time, and `veto.unratified` lets it lapse", metadata: metadata)
        case .approved(_, let by):
            metadata["by"] = "\(by)"
            logger.notice("a person approves that a suspension ends", metadata: metadata)
        case .approvalEnded(_, let by):
            metadata["by"] = "\(by)"
            logger.notice("an approval no longer counts", metadata: metadata)
        case .refused(_, let reason):
            metadata["cause"] = "\(reason.code)"
            metadata["problem"] = "\(reason)"
            logger.warning("a statement was refused, and has changed nothing", metadata: metadata)
        case .shortened(_, let expires, let by):
            metadata["by"] = "\(by.joined(separator: ", "))"
            metadata["expires"] = "\(expires)"
            logger.notice("two people have moved a suspension's end forward", metadata: metadata)
        case .verifying(_, let cause):
            metadata["cause"] = "\(Self.words(cause))"
            logger.notice("a suspension's gate begins to verify", metadata: metadata)
        case .halfOpen(_, let percent):
            metadata["percent"] = "\(percent)"
            logger.notice("a suspension is half-open: a share of the requests is let through", metadata: metadata)
        case .restored: logger.notice("restored: the suspension is over", metadata: metadata)
        case .gateFailed(_, let reason):
            metadata["problem"] = "\(reason)"
            logger.error("the gate has failed: suspended again, and the approvals are spent", metadata: metadata)
        case .roster(let version, let digest):
            logger.notice(
                "a version of the roster is in force", metadata: ["roster": "\(version)", "sha256": "\(digest)"])
        case .replacementAnnounced(let version, let due):
            logger.critical(
                """
                recovery keys replace the roster of people, unless one of them cancels it in time: \
                `holdfast people cancel`
                """, metadata: ["roster": "\(version)", "due": "\(due)"])
        case .replacementCancelled(let version, let by):
            logger.warning(
                "the announced replacement of the roster is cancelled",
                metadata: ["roster": "\(version)", "by": "\(by ?? "")"])
        }
    }

    private static func words(_ cause: VetoEvent.ReturnCause) -> String {
        switch cause {
        case .people(let people): people.joined(separator: ", ")
        case .expiry: "expiry"
        case .standard(let id): "standard:\(id)"
        }
    }
}
