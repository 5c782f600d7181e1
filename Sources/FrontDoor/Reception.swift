import Access
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
package struct PendingCall: Sendable {
    let door: Door
    let operation: Call.Operation
    let principal: Principal
    let id: String
    let fields: HTTPFieldList
    let query: String
    let executor: EventLoopTaskExecutor
    let arrived: NIODeadline
    var keepsAlive = true
    var isHTTP10 = false
}

/// What a connection asks of the house. Implemented by ``Doors``.
package protocol Reception: Sendable {
    /// Decides on a request by its head alone. Runs on the event loop.
    func receive(_ head: HTTPRequestHead, on executor: EventLoopTaskExecutor) -> Receipt
    func serve(_ pending: PendingCall, body: ByteBuffer, reply: any CallerReply) async
    func tooLarge(_ pending: PendingCall, limit: Int) -> Answer
    func overfull(_ pending: PendingCall) -> Answer
    func tooSlow(_ pending: PendingCall) -> Answer
    func malformed(headersTooLarge: Bool) -> Answer
}

package enum Receipt: Sendable {
    case answer(Answer)
    case call(PendingCall)
}
