package import Conversation
package import NIOCore
package import Wire

/// Answers as a supervisor reads them, and its refusal in their place.
extension OpenAIDialect {
    package func makeAnswerReader() -> any AnswerReader { ChunkReader() }

    package func encodeBlockedReply(_ refusal: AnswerRefusal, inPlaceOf withheld: JSONDocument?) -> ByteBuffer {
        ChunkClosing.reply(refusal, inPlaceOf: withheld?.root, now: now())
    }
}
