package import Conversation
package import NIOCore
import Synchronization
import Wire

/// Puts what was decided on the public record (the ledger).
package protocol AuditRecorder: Sendable {
    /// The problem with which new requests are refused when nothing more can be
    /// put on record; nil while it can. Read once for each request.
    var refusal: APIProblem? { get }
    /// Returns the digest that reads the request and its answer along; nil
    /// where requests aren't put on record.
    func digest(of call: Call) -> (any AnswerDigest)?
    /// A candidate is about to be asked.
    /// - Returns: tells when that is durable.
    func admitted(_ record: RequestRecord, to candidate: String, _ digest: any AnswerDigest) -> Durability
    /// A request is over; its answer has been sent. Waits only where the
    /// record is full and the settings want that.
    func finished(_ record: RequestRecord, _ digest: any AnswerDigest) async
    /// A request is over, and the end of its answer is held back until that is
    /// durable.
    func finishing(_ record: RequestRecord, _ digest: any AnswerDigest) -> Durability
    /// Records that the end of the answer couldn't be put on record in time,
    /// and so was not sent.
    func withheld(_ record: RequestRecord)
}

/// Reads along what one caller is sent. Belongs to the request's task.
package protocol AnswerDigest: AnyObject {
    func saw(_ body: ByteBuffer)
}

/// The state of one write that is to become durable; set once, waited for by
/// one task.
package final class Durability: Sendable {
    private struct State {
        var isDurable: Bool?
        var waiting: CheckedContinuation<Bool, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    /// Sets the result. The first call counts.
    package func tell(_ isDurable: Bool) {
        let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard state.isDurable == nil else { return nil }
            state.isDurable = isDurable
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume(returning: isDurable)
    }

    /// Returns once it is durable, or it is known that it won't be in time.
    func wait() async -> Bool {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> Bool? in
                if state.isDurable == nil { state.waiting = continuation }
                return state.isDurable
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
