package import Conversation
import Encodings
package import NIOCore
import Wire

/// The answers of `GET /v1/models`.
///
/// https://docs.anthropic.com/en/api/models-list
extension AnthropicDialect {
    package func encodeModels(_ models: [ListedModel]) -> ByteBuffer { encodeModelList(models.map { ($0.id, nil) }) }
    package func encodeModel(_ model: ListedModel) -> ByteBuffer { encodeModel(model.id) }

    /// Every model in one page.
    /// - Parameter models: names, with the seconds since 1970 of their
    ///   release where known.
    package func encodeModelList(_ models: [(id: String, createdAt: Int?)]) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.array("data") { json in
                for model in models { Self.write(model.id, model.createdAt, to: &json) }
            }
            json.member("has_more", false)
            if let first = models.first, let last = models.last {
                json.member("first_id", first.id)
                json.member("last_id", last.id)
            } else {
                json.null("first_id")
                json.null("last_id")
            }
        }
        return json.buffer
    }

    /// Encodes the answer of `GET /v1/models/{id}`.
    package func encodeModel(_ id: String, createdAt: Int? = nil) -> ByteBuffer {
        var json = JSONWriter()
        Self.write(id, createdAt, to: &json)
        return json.buffer
    }

    private static func write(_ id: String, _ createdAt: Int?, to json: inout JSONWriter) {
        json.object { json in
            json.member("type", "model")
            json.member("id", id)
            json.member("display_name", id)
            // "May be set to an epoch value if the release date is unknown."
            json.member("created_at", Timestamp.text(seconds: createdAt ?? 0))
            // The official client's type demands it; Holdfast serves nothing
            // that is on its way out without its operator's knowledge.
            json.member("lifecycle", "active")
        }
    }
}
