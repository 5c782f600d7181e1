package import Conversation
package import NIOCore
package import Wire

/// Answers as a supervisor reads them, and its refusal in their place.
extension AnthropicDialect {
    package func makeAnswerReader() -> any AnswerReader { EventReader() }

    package func encodeBlockedReply(_ refusal: AnswerRefusal, inPlaceOf withheld: JSONDocument?) -> ByteBuffer {
        StreamClosing.reply(refusal, inPlaceOf: withheld?.root)
    }
}
