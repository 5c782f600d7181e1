import Conversation
import NIOCore
import Wire

/// The end of a stream as a refusal: the chunks that tell it, with the
/// identity of those before.
struct ChunkClosing {
    private var id = ""
    private var model = ""
    private var created = 0
    private var begun: Set<Int> = []

    /// Takes note of a chunk that has gone out.
    mutating func note(_ chunk: JSONView) {
        if let id = chunk["id"]?.string, !id.isEmpty { self.id = id }
        if let model = chunk["model"]?.string, !model.isEmpty { self.model = model }
        if let created = chunk["created"]?.int { self.created = created }
        guard let choices = chunk["choices"] else { return }
        for choice in choices.elements {
            if let number = choice["index"]?.int { begun.insert(number) }
        }
    }

    /// - Parameter choices: Those that are still open.
    func write(_ refusal: AnswerRefusal, to choices: [Int]) -> ByteBuffer {
        var bytes = ByteBuffer()
        for choice in choices {
            writeChunk(choice, finish: nil, to: &bytes) { json in
                if !begun.contains(choice) {
                    json.member("role", "assistant")
                    json.null("content")
                }
                json.member("refusal", refusal.message)
            }
            writeChunk(choice, finish: "content_filter", to: &bytes) { _ in }
        }
        bytes.writeStaticString("data: [DONE]\n\n")
        return bytes
    }

    private func writeChunk(
        _ choice: Int, finish: String?, to bytes: inout ByteBuffer, _ delta: (inout JSONWriter) -> Void
    ) {
        var json = JSONWriter()
        json.object { json in
            json.member("id", id)
            json.member("object", "chat.completion.chunk")
            json.member("created", created)
            json.member("model", model)
            json.array("choices") { json in
                json.object { json in
                    json.member("index", choice)
                    json.object("delta", delta)
                    json.null("logprobs")
                    json.key("finish_reason")
                    if let finish { json.value(finish) } else { json.null() }
                }
            }
        }
        SSEWriter.write(data: json.buffer, to: &bytes)
    }

    /// A whole answer in place of one that was blocked: a refusal for each of
    /// its choices, at the same cost.
    static func reply(_ refusal: AnswerRefusal, inPlaceOf withheld: JSONView?, now: Int) -> ByteBuffer {
        var numbers: [Int] = []
        if let choices = withheld?["choices"] {
            for choice in choices.elements.prefix(128) { numbers.append(choice["index"]?.int ?? numbers.count) }
        }
        func name(_ member: StaticString) -> String {
            withheld?[member]?.string.flatMap { AnswerForm.isName($0) ? $0 : nil } ?? ""
        }
        var json = JSONWriter()
        json.object { json in
            json.member("id", name("id"))
            json.member("object", "chat.completion")
            json.member("created", withheld?["created"]?.int ?? now)
            json.member("model", name("model"))
            json.array("choices") { json in
                for number in numbers.isEmpty ? [0] : numbers {
                    json.object { json in
                        json.member("index", number)
                        json.object("message") { json in
                            json.member("role", "assistant")
                            json.null("content")
                            json.member("refusal", refusal.message)
                        }
                        json.null("logprobs")
                        json.member("finish_reason", "content_filter")
                    }
                }
            }
            if let usage = withheld?["usage"].flatMap({ try? Usage(reading: $0) }) {
                json.object("usage") { usage.write(to: &$0) }
            }
        }
        return json.buffer
    }
}
