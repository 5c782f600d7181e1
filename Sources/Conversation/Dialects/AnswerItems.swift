package import NIOCore
package import Wire

/// The items of an API's answers that callers send back with the next request
/// (OpenAI's Responses), and the id of such an answer.
///
/// Some items can only be read by the provider that made them. Holdfast
/// remembers who that was by a mark of each.
package protocol AnswerItems: Sendable {
    /// Returns Holdfast's own id for the answer to a request.
    func answerID(requestID: String) -> String
    /// Returns a whole answer, which passes as it came, with another id; nil
    /// where it has none.
    func naming(_ answer: ByteBuffer, _ id: String) -> ByteBuffer?
    /// Returns the bytes of a stream's frame with another id of the answer; nil
    /// for the many frames that don't name it.
    func naming(_ frame: Frame, _ id: String) -> ByteBuffer?
    /// Returns the marks of the bound items in a whole answer.
    func marks(inAnswer answer: ByteBuffer) -> [UInt64]
    /// Returns the marks of the bound items in a stream's frame.
    func marks(in frame: Frame) -> [UInt64]
    /// Returns the bound items that a request brings, in their order.
    /// - Parameter body: The top object; skimmed will do (``JSONLimits/skim``).
    func boundItems(in body: JSONView) -> [BoundItem]
    /// Returns whether a provider's no says that it can't read a bound item.
    func refusesItem(_ error: ProviderError) -> Bool
}

/// An item of a conversation that only the provider that made it can read.
package struct BoundItem: Sendable, Hashable {
    /// The number of the item among those of the request.
    package var index: Int
    /// Tells it from other items; nil where nothing does.
    package var mark: UInt64?
    /// True where it is the only record of what came before: without it another
    /// provider would answer another conversation.
    package var isRecord: Bool

    package init(index: Int, mark: UInt64?, isRecord: Bool) {
        self.index = index
        self.mark = mark
        self.isRecord = isRecord
    }
}
