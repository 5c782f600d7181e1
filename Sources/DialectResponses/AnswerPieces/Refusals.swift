package import Conversation
package import NIOCore
package import Wire

/// Answers as a supervisor reads them, and its refusal in their place.
extension ResponsesDialect {
    package func makeAnswerReader() -> any AnswerReader { EventPieces() }
    package func makeAnswerReader(to request: ByteBuffer) -> any AnswerReader { EventPieces(to: request) }

    package func encodeBlockedReply(_ refusal: AnswerRefusal, inPlaceOf withheld: JSONDocument?) -> ByteBuffer {
        ResponseClosing.reply(refusal, inPlaceOf: withheld?.root, now: now())
    }
}
