package import Conversation
import Gateway
import NIOCore
import Wire

/// The way in for callers of one API: its addresses, and its words for answers
/// and refusals.
package final class Door: Sendable {
    let dialect: any CallerProtocol
    /// The API's list of models; nil where it has none.
    let models: (any ModelListWriter)?
    /// The API's lists of models at addresses of its own; nil where it has none.
    let catalogue: (any CatalogueWriter)?
    /// The operations that the door takes, each with its address.
    let entrances: [(address: CallerAddress, operation: Call.Operation)]

    /// - Parameters:
    ///   - embeddings: The dialect once more, where it has embeddings.
    ///   - tokenCounts: The dialect once more, where it counts tokens.
    ///   - compactions: The dialect once more, where it compacts conversations.
    ///   - models: The dialect once more, where it lists models.
    ///   - catalogue: The dialect once more, where it lists them at addresses of
    ///     its own.
    package init(
        _ dialect: any CallerProtocol, embeddings: (any EmbeddingsCaller)? = nil,
        tokenCounts: (any TokenCountCaller)? = nil, compactions: (any CompactionCaller)? = nil,
        models: (any ModelListWriter)? = nil, catalogue: (any CatalogueWriter)? = nil
    ) {
        self.dialect = dialect
        self.models = models
        self.catalogue = catalogue
        var entrances = dialect.chatAddresses.map { ($0, Call.Operation.chat) }
        if let embeddings {
            entrances += embeddings.embeddingsAddresses.map { ($0, Call.Operation.embeddings(embeddings)) }
        }
        if let tokenCounts {
            entrances += tokenCounts.tokenCountAddresses.map { ($0, Call.Operation.countTokens(tokenCounts)) }
        }
        if let compactions {
            entrances += compactions.compactionAddresses.map { ($0, Call.Operation.compaction(compactions)) }
        }
        self.entrances = entrances
    }

    func refuse(_ problem: APIProblem, id: String) -> Answer {
        var head = head(status: dialect.status(of: problem), id: id)
        head.addFields(of: problem)
        dialect.addErrorFields(of: problem, to: &head.fields)
        return Answer(head, dialect.encodeProblem(problem, requestID: id))
    }

    func answer(_ body: ByteBuffer, id: String) -> Answer { Answer(head(status: 200, id: id), body) }

    private func head(status: Int, id: String) -> ResponseHead {
        var head = ResponseHead(status: status)
        head.fields.append("content-type", "application/json")
        head.fields.append("x-request-id", id)
        dialect.addAnswerFields(requestID: id, to: &head.fields)
        return head
    }
}
