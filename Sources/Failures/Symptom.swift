package import NIOCore
package import Wire

/// The appearance of a provider's failure, as far as it can be seen from
/// outside.
package struct Symptom: Sendable, Equatable {
    /// The part of the exchange in which the failure showed.
    package enum Position: String, Sendable, Hashable, CaseIterable {
        /// Before an answer's head: no connection, or no byte of an answer.
        case connect
        /// An answer whose status says no.
        case head
        /// In a whole answer whose status says yes.
        case body
        /// An error among the events of a stream.
        case stream
        /// A stream's end, where its terminal event should have stood.
        case streamEnd = "stream-end"
    }

    /// The way in which a connection failed; only at ``Position/connect``, and
    /// where an answer that had begun broke off.
    package enum Transport: String, Sendable, Hashable, CaseIterable {
        /// No connection: refused, no such name, TLS failed, no route.
        case unreachable
        /// Accepted, and closed or reset before the answer's head.
        case closed
        /// No byte, or no further byte, within the limit.
        case silent
        /// Broke off in the middle of an answer.
        case cut
        /// Ended as the protocol asks, only too early.
        case clean
        /// Bytes that are no HTTP, or no answer in the dialect.
        case garbage
        /// Bytes that are not as they were sent: a checksum is wrong.
        case damaged
    }

    /// The API that the words are in, e.g. `openai`, `anthropic`, `bedrock`,
    /// `azure`, `gemini`; nil where it makes no difference. Only a hint:
    /// many hosts speak another's dialect with words of their own.
    package var dialect: String?
    package var position: Position
    /// 0 where no head came.
    package var status: Int
    package var fields: HTTPFieldList
    /// The name of an exception inside a stream, where the framing marks it as
    /// one (`application/vnd.amazon.eventstream`); nil where it doesn't.
    package var exception: String?
    /// The answer's body, the error event's data, or nothing.
    package var body: ByteBuffer
    package var transport: Transport?
    /// True when something that a caller would read as part of the answer had
    /// come.
    package var hadContent: Bool

    package init(
        dialect: String? = nil, position: Position, status: Int = 0, fields: HTTPFieldList = .init(),
        body: ByteBuffer = .init(), transport: Transport? = nil, hadContent: Bool = false
    ) {
        self.dialect = dialect
        self.position = position
        self.status = status
        self.fields = fields
        self.body = body
        self.transport = transport
        self.hadContent = hadContent
    }
}
