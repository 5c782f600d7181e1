import Conversation
import DialectAnthropic
import Wire

/// `outputConfig.textFormat`: a JSON Schema, which stands there as a text.
struct ConverseFormat {
    private let name: String?
    private let description: String?
    private let schema: JSONFragment

    /// Nil where no schema is asked for.
    init?(_ format: ResponseFormat?, for model: ConverseModel, dropped: inout [String]) {
        switch format {
        case nil, .text: return nil
        case .jsonObject:
            dropped.append("response_format (as an instruction)")
            return nil
        case .jsonSchema(let name, let description, let schema, _):
            (self.name, self.description) = (name, description)
            guard case .claude = model else {
                self.schema = schema
                return
            }
            let taken = AnswerSchema(schema)
            dropped += taken.dropped.map { "response_format.json_schema.schema (\($0))" }
            self.schema = taken.fragment
        }
    }

    /// The instruction for OpenAI's `json_object`, which Converse doesn't know.
    static let jsonInstruction =
        "Answer with one JSON object and nothing else: no introduction, no code fence, no comment."

    /// Writes the member `textFormat`.
    func write(to json: inout JSONWriter) {
        json.object("textFormat") { json in
            json.member("type", "json_schema")
            json.object("structure") { json in
                json.object("jsonSchema") { json in
                    json.member("schema", schema.text)
                    json.member("name", ifPresent: name)
                    json.member("description", ifPresent: description)
                }
            }
        }
    }
}
