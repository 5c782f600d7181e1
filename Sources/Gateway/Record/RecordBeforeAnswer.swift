import Conversation

/// The condition of routes with `record: before-answer`: the first byte waits
/// until it is durable which candidate the request went to, and the end until
/// the outcome is durable.
final class RecordBeforeAnswer: ReleaseCondition {
    private let recorder: any AuditRecorder
    private let record: RequestRecord
    private let digest: any AnswerDigest
    private var admission: Durability?

    init(_ recorder: any AuditRecorder, _ record: RequestRecord, _ digest: any AnswerDigest) {
        self.recorder = recorder
        self.record = record
        self.digest = digest
    }

    func willAsk(_ candidate: String) {
        // One log: once the last entry is durable, all are.
        admission = recorder.admitted(record, to: candidate, digest)
    }

    func beforeBeginning() async throws {
        if let admission, await !admission.wait() { throw APIProblem.notOnRecord }
    }

    func beforeEnd() async -> ReleaseVerdict {
        if await recorder.finishing(record, digest).wait() { return .send }
        recorder.withheld(record)
        return .withhold(.notOnRecord)
    }

    func endedWithoutAnswer() async { await recorder.finished(record, digest) }
}

/// The record stage's part before and after an answer.
extension Gateway {
    /// Has the answer wait until it is on record.
    func holdUntilRecorded(_ opening: Opening, _ record: RequestRecord) throws(APIProblem) {
        guard let release = opening.release, let audit = records.audit, let digest = release.digest else {
            throw .notOnRecord
        }
        release.hold(until: RecordBeforeAnswer(audit, record, digest))
    }

    /// Records an answer that didn't wait for its record.
    func recordAnswer(_ opening: Opening, _ record: RequestRecord) async {
        guard let release = opening.release, !release.isHolding, let digest = release.digest else { return }
        await records.audit?.finished(record, digest)
    }
}

extension APIProblem {
    static let notOnRecord = APIProblem(
        .unavailable,
        "The route answers only once the request is on record, and the record can't be written at present; try again "
            + "soon. Whoever runs this Holdfast finds the reason in its log.", code: "ledger_unavailable", retryAfter: 5
    )
}
