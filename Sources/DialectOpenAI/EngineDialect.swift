package import Conversation
import Encodings
package import NIOCore
package import Wire

/// The dialect of an engine that Holdfast hosts: OpenAI's wire format as
/// llama.cpp's server reads it.
///
/// Nothing passes through. A request is written anew from the shared terms,
/// member by member (``EngineField`` is the list); an answer is read field by
/// field, so that what an engine adds (`timings`, `__verbose`, …) stays here.
///
/// https://github.com/ggml-org/llama.cpp/tree/master/tools/server
package struct EngineDialect: ProviderProtocol, EmbeddingsProvider {
    /// The format itself, shared with OpenAI's dialect.
    private let wire: OpenAIDialect
    private let engine: EngineTraits
    private let toolCallOpening: @Sendable () -> String?
    private let blindSeed: (@Sendable (ByteBuffer) -> UInt32)?

    /// The number of alternatives of a token that an engine is asked for; a
    /// caller can't get more.
    package static let mostAlternatives = 5

    /// - Parameters:
    ///   - acceptsImages: True when the model can see.
    ///   - maxChoices: The highest `n`. llama.cpp answers at most one choice a
    ///     slot, and counts the tokens of one choice only: above 1, usage is
    ///     too low.
    ///   - toolCallOpening: The text with which a tool call begins in the
    ///     model's template, e.g. `<tool_call>\n`; nil until the engine has
    ///     reported it. Where a call is required, llama.cpp enforces it only
    ///     after these words; so the model's answer is made to begin with them.
    ///   - blindSeed: Makes a seed out of a request and something that callers
    ///     don't know; nil sends the callers' own seeds. A caller who knows the
    ///     seed knows the number that a sampler compares with a probability,
    ///     and can then measure the probability by a search over seeds.
    ///   - now: The present time, in seconds since 1970.
    package init(
        acceptsImages: Bool = false, maxChoices: Int = 1, toolCallOpening: @escaping @Sendable () -> String? = { nil },
        blindSeed: (@Sendable (ByteBuffer) -> UInt32)? = nil, now: @escaping @Sendable () -> Int
    ) {
        wire = OpenAIDialect(traits: ServerTraits(), now: now)
        self.toolCallOpening = toolCallOpening
        self.blindSeed = blindSeed
        engine = EngineTraits(
            takesImages: acceptsImages, maxChoices: maxChoices, maxTopLogprobs: Self.mostAlternatives,
            askedTopLogprobs: Self.mostAlternatives)
    }

    package var name: DialectName { .engine }
    package var framing: Framing { wire.framing }

    package func chatEndpoint(model: String, isStream: Bool) -> String {
        wire.chatEndpoint(model: model, isStream: isStream)
    }
    package func embeddingsEndpoint(model: String) -> String { wire.embeddingsEndpoint(model: model) }
    package func credential(_ key: String) -> (name: String, value: String) { wire.credential(key) }
    package var longestToolName: Int { wire.longestToolName }

    package func encodeChat(
        _ request: ChatRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        var form = RequestForm(traits: wire.traits, engine: engine)
        form.engine?.toolCallOpening = toolCallOpening()
        var request = request
        if let topP = request.topP, let coarse = request.coarseTopP, coarse != topP {
            request.topP = coarse
            dropped.append("top_p (taken as \(coarse))")
        }
        if request.seed != nil, let blindSeed {
            var ignored: [String] = []
            var whole = request
            // The same answer, however it is brought.
            whole.stream = false
            request.seed = Int(blindSeed(try wire.encodeChat(whole, model: model, form: form, dropped: &ignored)))
        }
        return try wire.encodeChat(request, model: model, form: form, dropped: &dropped)
    }

    /// Also of a field that hides in a message, a part or a tool: nothing of
    /// it would go to the engine, and its caller learns why.
    package func objection(to field: String) -> String? {
        // Names of the engine's have a dot at the most.
        let parts = field.split(separator: ".", omittingEmptySubsequences: false).suffix(2)
        let names = [field, parts.joined(separator: "."), parts.last.map(String.init) ?? field]
        guard case .withheld(let reason)? = names.lazy.compactMap(EngineField.named).first?.fate else { return nil }
        return reason
    }

    /// Which build of the engine runs is nobody's business.
    package func decodeReply(_ body: ByteBuffer) throws(UnreadableReply) -> ChatReply {
        var reply = try wire.decodeReply(body)
        reply.systemFingerprint = nil
        reply.serviceTier = nil
        return reply
    }

    package func makeStreamDecoder() -> any StreamDecoder { wire.makeStreamDecoder() }

    /// In as many words as an error needs.
    package func decodeError(status: Int, body: ByteBuffer) -> ProviderError {
        let error = wire.decodeError(status: status, body: body)
        func short(_ text: String?) -> String? { text.map { $0.cut(toUTF8Bytes: 64) } }
        return ProviderError(
            status: error.status, type: short(error.type), code: short(error.code),
            message: error.message.cut(toUTF8Bytes: 400), field: short(error.field))
    }

    package var errorVocabulary: ErrorVocabulary { wire.errorVocabulary }

    /// Numbers are asked for in any case; the door gives them the form that
    /// the caller wants.
    package func encodeEmbeddings(
        _ request: EmbeddingsRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        if request.dimensions != nil {
            throw CannotCarry("dimensions", "can't be chosen: `\(model)` gives vectors of one length only.")
        }
        if request.endUser != nil { dropped.append("user") }
        var json = JSONWriter()
        json.object { json in
            json.member("model", model)
            OpenAIDialect.write(request.input, to: &json)
            json.member("encoding_format", "float")
        }
        return json.buffer
    }

    package func decodeEmbeddingsReply(_ body: ByteBuffer) throws(UnreadableReply) -> EmbeddingsReply {
        try wire.decodeEmbeddingsReply(body)
    }

    // MARK: Looking on

    package func makeStreamWatcher() -> any StreamWatcher { wire.makeStreamWatcher() }
    package func usage(inReply reply: JSONView) -> Usage? { wire.usage(inReply: reply) }
}

extension ChatRequest {
    /// `top_p` as it may go beside a schema or tools: those can leave a model
    /// two tokens to choose from, and a fine threshold would then measure how
    /// far they are apart. Nil where it goes as it is.
    fileprivate var coarseTopP: Double? {
        guard let topP, topP < 1, narrowsTokens else { return nil }
        return max(1, (topP * 20).rounded()) / 20
    }
}
