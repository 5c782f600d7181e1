import NIOCore
import Synchronization

/// The places where the outcome of requests is written: the request log, and
/// the public record where there is one.
package final class RequestRecords: Sendable {
    let log: any RequestRecorder
    /// Nil where nothing is put on the public record.
    let audit: (any AuditRecorder)?
    private let refusals = Mutex(RefusalSample())

    package init(log: any RequestRecorder, audit: (any AuditRecorder)? = nil) {
        self.log = log
        self.audit = audit
    }

    /// Writes a request that was refused by its head.
    ///
    /// There is no limit to refused requests. All are counted; of each reason
    /// a few are logged every minute, and the number of the others.
    func noteRefusal(_ record: RequestRecord) {
        let reason = record.reason ?? "other"
        let (isLogged, summary) = refusals.withLock { $0.note(reason, now: .now()) }
        if let summary { log.record(summary) }
        record.isLogged = isLogged
        log.record(record)
    }

    /// Writes the number of refusals that were not logged one by one.
    package func reportRefusals() {
        for summary in refusals.withLock({ $0.summaries(now: .now()) }) { log.record(summary) }
    }
}
