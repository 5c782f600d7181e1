package import Conversation
package import NIOCore
import Wire

/// The requests that ask an engine for the exact size of a prompt: the engine
/// writes the prompt out with its own template, then divides it with its own
/// tokenizer.
///
/// llama.cpp's server: `POST /apply-template` and `POST /tokenize`,
/// https://github.com/ggml-org/llama.cpp/tree/master/tools/server
extension EngineDialect {
    package static let templatePath = "/apply-template"
    package static let tokenizePath = "/tokenize"

    /// Encodes the request to `/apply-template`.
    /// - Throws: ``CannotCarry`` as ``encodeChat(_:model:dropped:)`` does.
    package func encodeTemplateRequest(_ request: ChatRequest, model: String) throws(CannotCarry) -> ByteBuffer {
        var request = request
        request.stream = false
        var dropped: [String] = []
        return try encodeChat(request, model: model, dropped: &dropped)
    }

    /// Encodes the request to `/tokenize`, from the answer of
    /// `/apply-template`.
    package func encodeTokenizeRequest(template answer: ByteBuffer) throws(UnreadableReply) -> ByteBuffer {
        guard let document = try? JSONDocument(answer), let prompt = document.root["prompt"], prompt.kind == .string
        else {
            throw UnreadableReply("the engine's template gave no prompt")
        }
        var json = JSONWriter()
        json.object { json in
            json.member("content", prompt.fragment)
            // As the server itself does for a chat: the template's own marks
            // are special tokens, and a beginning-of-text mark is added where
            // the model wants one.
            json.member("add_special", true)
            json.member("parse_special", true)
        }
        return json.buffer
    }

    /// Reads the number of tokens from the answer of `/tokenize`.
    package func decodeTokenCount(_ answer: ByteBuffer) throws(UnreadableReply) -> Int {
        guard let document = try? JSONDocument(answer), let tokens = document.root["tokens"], tokens.kind == .array
        else {
            throw UnreadableReply("the engine's tokenizer gave no tokens")
        }
        return tokens.elements.reduce(0) { count, _ in count + 1 }
    }
}
