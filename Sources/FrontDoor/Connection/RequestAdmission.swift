package import Gateway
package import NIOCore
package import NIOHTTP1
package import Wire

/// An answer that needs nobody else.
package struct Answer: Sendable {
    package var head: ResponseHead
    package var body: ByteBuffer

    package init(_ head: ResponseHead, _ body: ByteBuffer) {
        self.head = head
        self.body = body
    }
}

/// A request whose head was good; its body is still to come.
package protocol PendingRequest: AnyObject, Sendable {
    func serve(body: ByteBuffer, reply: any CallerReply) async
    /// The answer where its body isn't taken.
    func refusal(_ fault: BodyFault) -> Answer
}

/// A request whose head was good as far as a head goes: only the whole body
/// proves whose it is. Nothing but its body's bytes is taken of it before.
package protocol UnprovenRequest: AnyObject, Sendable {
    /// Looks at a piece of the body as it arrives.
    /// - Returns: nil where more may come.
    func take(_ piece: ByteBuffer) -> BodyFault?
    /// Judges the request once its body is whole.
    func prove() -> ProofOutcome
    /// The body is proven or gone: nothing is held for it any more.
    func letGo()
    /// The answer where its body isn't taken.
    func refusal(_ fault: BodyFault) -> Answer
}

/// The outcome of judging a request by its whole body.
package enum ProofOutcome: Sendable {
    case proven(any PendingRequest)
    case refused(Answer)
}

/// The reason why a request's body isn't taken.
package enum BodyFault: Sendable {
    /// Longer than so many bytes.
    case tooLarge(limit: Int)
    /// All bodies together are too much.
    case overfull
    case tooSlow
    /// The bodies whose signatures are not checked yet are too much.
    case unproven(UnprovenBodies.Scope)
}

package enum AdmissionDecision: Sendable {
    case answer(Answer)
    case call(any PendingRequest)
    case unproven(any UnprovenRequest)
}

/// The decisions that a connection leaves to its listener: what to do with a
/// request, and what to answer where there is none. Implemented by ``Doors``
/// and ``AdminDoor``.
package protocol RequestAdmission: Sendable {
    /// Decides on a request by its head alone. Runs on the event loop.
    func receive(
        _ head: HTTPRequestHead, from peer: ConnectionPeer, on executor: EventLoopTaskExecutor
    ) -> AdmissionDecision
    /// To what is no request, or has too many header fields.
    func malformed(headersTooLarge: Bool) -> Answer
    /// Instead of an answer for which there is no room.
    func crowded() -> Answer
}
