import Resilience
import Access
import Conversation
import NIOCore
import Wire

/// The admit stage: draining, the key's requests a minute, and a body that is
/// JSON and names a model.
extension Gateway {
    /// The way back to the caller, made before anything is decided: refusals
    /// go on record, too.
    struct Opening {
        var reply: any CallerReply
        /// True when the body is too large to be read on the event loop. Asked
        /// once: the answer charges the turn of the loop.
        var isHeavy: Bool
        /// The release point around the caller's reply; nil where nothing reads
        /// the answer or holds it back.
        var release: ReleasePoint?
        /// True when large bodies wait already, so that this one couldn't be
        /// read for the record.
        var isCrowded = false

        fileprivate mutating func pass(through release: ReleasePoint) {
            self.release = release
            reply = release
        }
    }

    func open(_ call: Call, _ reply: any CallerReply) async -> Opening {
        var opening = Opening(reply: reply, isHeavy: reading.isHeavy(call.body, on: call.executor))
        guard let audit = records.audit else {
            if stages.supervisor != nil { opening.pass(through: ReleasePoint(reply, digest: nil)) }
            return opening
        }
        var digest: (any AnswerDigest)?
        if opening.isHeavy {
            do {
                digest = try await reading.run { audit.digest(of: call) }
            } catch {
                opening.isCrowded = true
            }
        } else {
            digest = audit.digest(of: call)
        }
        guard digest != nil || stages.supervisor != nil else { return opening }
        opening.pass(through: ReleasePoint(reply, digest: digest))
        return opening
    }

    /// - Throws: ``APIProblem`` where no request, or none of this key, is taken
    ///   now.
    func admit(_ call: Call, _ opening: Opening) throws(APIProblem) {
        if shutdown.isDraining {
            throw APIProblem(.unavailable, "This Holdfast is shutting down; send the request again.", retryAfter: 1)
        }
        if let refusal = records.audit?.refusal { throw refusal }
        switch call.principal.admit(now: .now) {
        case .allowed: break
        case .limited(let limit, let wait):
            let seconds = max(1, Int(wait.inSeconds.rounded(.up)))
            throw APIProblem(
                .limited,
                "The key's limit of \(limit.rawValue) a minute is used up; try again in \(seconds) s.",
                code: "rate_limit_exceeded", retryAfter: seconds)
        }
        // Nothing is served that couldn't be put on record.
        if opening.isCrowded { throw .tooMuchToRead }
    }

    /// Reads the body: small ones here, large ones on another thread.
    func read(_ call: Call, _ opening: Opening) async throws -> AdmittedCall {
        guard opening.isHeavy else { return try AdmittedCall(call) }
        return try await reading.run { try AdmittedCall(call, isHeavy: true) }
    }
}
