package import NIOCore
package import Wire

/// A caller's API as a supervisor reads it. Every door has one, so that no
/// door leads past the supervisor.
package protocol SupervisedCaller: Dialect {
    /// Reads all texts of a chat.
    /// - Parameter document: The whole body, read strictly.
    /// - Throws: ``APIProblem`` of kind `invalidRequest` for a body in which a
    ///   supervisor and a provider could read different texts.
    func passages(of document: JSONDocument, at path: CalledPath) throws(APIProblem) -> RequestPassages
    /// Reads all texts of a whole answer, as it would go to the caller.
    /// - Throws: ``UnreadableReply`` for an answer that can't be read strictly.
    func pieces(ofAnswer document: JSONDocument) throws(UnreadableReply) -> [AnswerPiece]
    /// A reader of the frames of a stream, as they would go to the caller.
    func makeAnswerReader() -> any AnswerReader
    /// The same for the answer to a request whose texts have been judged: what
    /// the answer only repeats of them is not judged again.
    /// - Parameter request: The body of the request.
    func makeAnswerReader(to request: ByteBuffer) -> any AnswerReader
    /// The same as ``pieces(ofAnswer:)`` for an answer to such a request.
    func pieces(ofAnswer document: JSONDocument, to request: ByteBuffer) throws(UnreadableReply) -> [AnswerPiece]
    /// A whole answer that says that the answer was blocked, with status 200,
    /// in the form in which this API tells a refusal.
    /// - Parameter withheld: The answer that it replaces, for its id, model and
    ///   cost; nil where it can't be read.
    func encodeBlockedReply(_ refusal: AnswerRefusal, inPlaceOf withheld: JSONDocument?) -> ByteBuffer
}

extension SupervisedCaller {
    package func makeAnswerReader(to request: ByteBuffer) -> any AnswerReader { makeAnswerReader() }

    package func pieces(
        ofAnswer document: JSONDocument, to request: ByteBuffer
    ) throws(UnreadableReply) -> [AnswerPiece] {
        try pieces(ofAnswer: document)
    }
}

/// A supervisor's refusal of an answer, for callers to read.
package struct AnswerRefusal: Sendable, Hashable {
    /// One sentence, with the clause where the route tells it, and a reference.
    package var message: String
    package init(_ message: String) { self.message = message }
}

/// One piece of an answer, as its reader finds it.
package enum AnswerPiece: Sendable, Equatable {
    /// More text of a block. Blocks of one answer are numbered from 0.
    case text(block: Int, PassageScope, String)
    /// The block is whole: a tool call can be judged.
    case blockEnded(Int)
    /// A part that can't be read.
    case unseen(UnseenPart)
    /// The provider's own refusal, in its word for the reason where it says one.
    case refused(category: String?)
    /// The answer is whole.
    case ended
}

/// The reading of an answer's stream, frame by frame.
package protocol AnswerReader: Sendable {
    /// Reads one frame, and appends its pieces; frames without text have none.
    /// - Throws: ``UnreadableReply`` for a frame that can't be read strictly.
    mutating func read(_ frame: Frame, into pieces: inout [AnswerPiece]) throws(UnreadableReply)
    /// True once the answer has said why it ended, and nothing else since: such
    /// a frame, and what follows it, waits for the last verdict.
    var isFinishing: Bool { get }
    /// Returns the bytes that close what the frames read so far have opened,
    /// and then end the stream as a refusal. A client of the dialect reads a
    /// finished stream.
    func refuse(_ refusal: AnswerRefusal) -> ByteBuffer
    /// Bytes that a client of the dialect ignores, and which keep its
    /// connection awake while a part of the answer is held.
    var keepAlive: ByteBuffer { get }
}
