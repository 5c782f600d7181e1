package import Conversation
package import NIOCore
import Wire

/// The answers of `GET /v1/models`.
///
/// https://platform.openai.com/docs/api-reference/models
extension OpenAIDialect {
    package func encodeModels(_ models: [ListedModel]) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("object", "list")
            json.array("data") { json in
                for model in models { Self.write(model, &json) }
            }
        }
        return json.buffer
    }

    package func encodeModel(_ model: ListedModel) -> ByteBuffer {
        var json = JSONWriter()
        Self.write(model, &json)
        return json.buffer
    }

    private static func write(_ model: ListedModel, _ json: inout JSONWriter) {
        json.object { json in
            json.member("id", model.id)
            json.member("object", "model")
            // When a model was made is not known here; clients want a number.
            json.member("created", 0)
            json.member("owned_by", model.provider ?? "holdfast")
            json.member("context_length", ifPresent: model.context)
        }
    }
}
