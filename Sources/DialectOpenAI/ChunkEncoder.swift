package import Conversation
package import NIOCore
import Wire

/// Turns shared events into `chat.completion.chunk` events.
///
/// A choice begins with a chunk that only names the role, sent with the
/// first thing it says; a usage chunk comes at the end if the caller asked
/// for it, and then every other chunk says `"usage":null`; `[DONE]` ends it.
/// Where another candidate goes on, the id and the time stay, `model` is the
/// new one's, and the chunk with the finish reason tells of it in `holdfast`.
/// What this dialect has no words for (signatures, redacted thinking, pings)
/// becomes nothing.
///
/// https://platform.openai.com/docs/api-reference/chat/streaming
package struct ChunkEncoder: StreamEncoder {
    private let includeUsage: Bool
    private let now: @Sendable () -> Int
    /// Every chunk up to and with `"choices":[`.
    private var head = ByteBuffer()
    /// Of `head`, what comes before the model's name.
    private var identity = ByteBuffer()
    private var handOvers: [HandOver] = []
    private var usage: Usage?
    private var choices: [ChoiceProgress] = []

    private struct ChoiceProgress {
        var number: Int
        /// Wait for the chunk that says these tokens.
        var logprobs: [TokenLogprob] = []
    }

    init(includeUsage: Bool, now: @escaping @Sendable () -> Int) {
        self.includeUsage = includeUsage
        self.now = now
    }

    package mutating func encode(_ event: StreamEvent, into bytes: inout ByteBuffer) {
        switch event {
        case .started(let id, let model, let created):
            if head.readableBytes == 0 { start(id: id, model: model, created: created) }
        case .text(let choice, let text):
            write(choice, content: "\"\"", into: &bytes) { $0.writeText("content", text) }
        case .refusal(let choice, let text):
            write(choice, ofRefusal: true, into: &bytes) { $0.writeText("refusal", text) }
        // DeepSeek's name for it, which most clients know.
        case .thinking(let choice, let text):
            write(choice, into: &bytes, takesLogprobs: false) { $0.writeText("reasoning_content", text) }
        case .toolCallStarted(let choice, let call, let id, let name):
            write(choice, into: &bytes) { bytes in
                bytes.writeCall(call)
                bytes.writeStaticString(",\"id\":")
                JSONString.append(id, to: &bytes)
                bytes.writeStaticString(",\"type\":\"function\",\"function\":{\"name\":")
                JSONString.append(name, to: &bytes)
                bytes.writeStaticString(",\"arguments\":\"\"}}]")
            }
        case .toolCallArguments(let choice, let call, let fragment):
            write(choice, into: &bytes) { bytes in
                bytes.writeCall(call)
                bytes.writeStaticString(",\"function\":{\"arguments\":")
                JSONString.append(fragment, to: &bytes)
                bytes.writeStaticString("}}]")
            }
        case .logprobs(let choice, let logprobs):
            choices[place(of: choice, content: "\"\"", into: &bytes)].logprobs += logprobs
        case .finished(let choice, let reason, _):
            write(choice, content: "\"\"", finish: reason, into: &bytes) { _ in }
        case .usage(let usage): self.usage = usage
        case .continued(let by, let model, let cause, let at):
            handOvers.append(HandOver(by: by, cause: cause, at: at))
            name(model)
        case .ended: end(into: &bytes)
        case .thinkingSignature, .redactedThinking, .partEnded, .foreignPart, .ping, .failed: break
        }
    }

    private mutating func start(id: String, model: String, created: Int?) {
        identity.writeStaticString("{\"id\":")
        JSONString.append(id, to: &identity)
        identity.writeStaticString(",\"object\":\"chat.completion.chunk\",\"created\":")
        identity.writeString(String(created ?? now()))
        identity.writeStaticString(",\"model\":")
        name(model)
    }

    private mutating func name(_ model: String) {
        if identity.readableBytes == 0 { return start(id: "", model: model, created: nil) }
        head = identity
        JSONString.append(model, to: &head)
        head.writeStaticString(",\"choices\":[")
    }

    /// - Parameter content: The value of `content` in the chunk with the role,
    ///   if this choice hasn't begun: `""` where text follows, null where
    ///   something else does, as OpenAI sends it.
    private mutating func place(of number: Int, content: StaticString, into bytes: inout ByteBuffer) -> Int {
        if let place = choices.firstIndex(where: { $0.number == number }) { return place }
        choices.append(ChoiceProgress(number: number))
        open(number, into: &bytes)
        bytes.writeStaticString("\"role\":\"assistant\",\"content\":")
        bytes.writeStaticString(content)
        bytes.writeStaticString(",\"refusal\":null")
        close(logprobs: [], ofRefusal: false, finish: nil, into: &bytes)
        return choices.count - 1
    }

    private mutating func write(
        _ number: Int, content: StaticString = "null", ofRefusal: Bool = false, finish: FinishReason? = nil,
        into bytes: inout ByteBuffer, takesLogprobs: Bool = true, delta: (inout ByteBuffer) -> Void
    ) {
        let place = place(of: number, content: content, into: &bytes)
        open(number, into: &bytes)
        delta(&bytes)
        let logprobs = takesLogprobs ? choices[place].logprobs : []
        if takesLogprobs, !logprobs.isEmpty { choices[place].logprobs = [] }
        close(logprobs: logprobs, ofRefusal: ofRefusal, finish: finish, into: &bytes)
    }

    private mutating func open(_ number: Int, into bytes: inout ByteBuffer) {
        if head.readableBytes == 0 { start(id: "", model: "", created: nil) }
        bytes.writeStaticString("data: ")
        bytes.writeImmutableBuffer(head)
        bytes.writeStaticString("{\"index\":")
        bytes.writeString(String(number))
        bytes.writeStaticString(",\"delta\":{")
    }

    private func close(
        logprobs: [TokenLogprob], ofRefusal: Bool, finish: FinishReason?, into bytes: inout ByteBuffer
    ) {
        if logprobs.isEmpty {
            bytes.writeStaticString("},\"logprobs\":null")
        } else {
            bytes.writeStaticString("},\"logprobs\":")
            var json = JSONWriter()
            TokenLogprob.write(logprobs, ofRefusal: ofRefusal, to: &json)
            bytes.writeImmutableBuffer(json.buffer)
        }
        bytes.writeStaticString(",\"finish_reason\":")
        if let finish { JSONString.append(finish.word, to: &bytes) } else { bytes.writeStaticString("null") }
        bytes.writeStaticString("}]")
        if includeUsage { bytes.writeStaticString(",\"usage\":null") }
        if finish != nil, !handOvers.isEmpty {
            bytes.writeStaticString(",")
            var json = JSONWriter()
            HandOver.write(handOvers, to: &json)
            bytes.writeImmutableBuffer(json.buffer)
        }
        bytes.writeStaticString("}\n\n")
    }

    private mutating func end(into bytes: inout ByteBuffer) {
        if includeUsage, let usage {
            if head.readableBytes == 0 { start(id: "", model: "", created: nil) }
            bytes.writeStaticString("data: ")
            bytes.writeImmutableBuffer(head)
            bytes.writeStaticString("],\"usage\":")
            var json = JSONWriter()
            json.object { json in usage.write(to: &json) }
            bytes.writeImmutableBuffer(json.buffer)
            bytes.writeStaticString("}\n\n")
        }
        bytes.writeStaticString("data: [DONE]\n\n")
    }
}

extension ByteBuffer {
    fileprivate mutating func writeText(_ name: StaticString, _ text: String) {
        writeStaticString("\"")
        writeStaticString(name)
        writeStaticString("\":")
        JSONString.append(text, to: &self)
    }

    fileprivate mutating func writeCall(_ call: Int) {
        writeStaticString("\"tool_calls\":[{\"index\":")
        writeString(String(call))
    }
}
