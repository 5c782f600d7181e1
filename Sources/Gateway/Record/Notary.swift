package import Conversation
package import NIOCore
import Synchronization
package import Wire

/// Puts what was decided on the public record (the ledger).
package protocol Notary: Sendable {
    /// Why new requests are turned away: nothing more can be put on record.
    /// Nil while it can; looked at once a request.
    var refusal: Problem? { get }
    /// Who reads along what is asked and answered; nil where requests aren't
    /// put on record.
    func witness(of call: Call) -> (any AnswerWitness)?
    /// A candidate is about to be asked.
    /// - Returns: tells when that is durable.
    func admitted(_ record: RequestRecord, to candidate: String, _ witness: any AnswerWitness) -> Durability
    /// A request is over; its answer has been sent. Waits only where the
    /// record is full and the settings want that.
    func settled(_ record: RequestRecord, _ witness: any AnswerWitness) async
    /// A request is over, and the end of its answer is held back until that is
    /// durable.
    func settling(_ record: RequestRecord, _ witness: any AnswerWitness) -> Durability
    /// Its end couldn't be put on record in time, so it was not sent.
    func withheld(_ record: RequestRecord)
}

/// Reads along what one caller is sent. Belongs to the request's task.
package protocol AnswerWitness: AnyObject {
    func saw(_ body: ByteBuffer)
}

/// Whether something is durable by now; told once, waited for by one.
package final class Durability: Sendable {
    private struct State {
        var isDurable: Bool?
        var waiting: CheckedContinuation<Bool, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    /// What is told first counts.
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
