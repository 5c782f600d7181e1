package import Conversation
package import NIOCore
package import Wire

/// Embeddings: https://platform.openai.com/docs/api-reference/embeddings
extension OpenAIDialect {
    package func decodeEmbeddings(
        _ document: JSONDocument, at path: CalledPath
    ) throws(APIProblem) -> EmbeddingsRequest {
        let root = document.root
        guard root.kind == .object else {
            throw APIProblem(.invalidRequest, "The body must be a JSON object with `model` and `input`.")
        }
        var model: String?
        var input: EmbeddingsRequest.Input?
        var request = EmbeddingsRequest(model: "", input: .text(""))
        for (name, value) in root.members where !value.isNull {
            let field = name.word ?? ""
            switch field {
            case "model": model = try value.identifier(at: field)
            case "input": input = try Self.readInput(value)
            case "encoding_format":
                let format = try value.word(at: field)
                guard format == "float" || format == "base64" else {
                    throw .invalid(field, "must be `float` or `base64`.")
                }
                request.encodingFormat = format
            case "dimensions": request.dimensions = try value.whole(at: field, from: 1)
            case "user": request.endUser = try value.text(at: field)
            default: request.leftovers.append(Leftover(field, isAdvisory: RequestMember.wishes.contains(field)))
            }
        }
        guard let model, !model.isEmpty else {
            throw .missing("model", "name the route or model that shall answer.")
        }
        guard let input else { throw .missing("input", "give a text or an array of texts.") }
        request.model = model
        request.input = input
        return request
    }

    private static func readInput(_ value: JSONView) throws(APIProblem) -> EmbeddingsRequest.Input {
        if let text = value.string { return .text(text) }
        guard value.kind == .array else {
            throw .wrongType("input", wanted: "a string or an array", not: value.kind)
        }
        var elements = value.elements
        guard let first = elements.next() else { throw .invalid("input", "is empty: give at least one text.") }
        switch first.kind {
        case .string:
            var texts: [String] = []
            for (index, element) in value.elements.numbered() { texts.append(try element.text(at: "input[\(index)]")) }
            return .texts(texts)
        case .number: return .tokens(try readTokens(value, at: "input"))
        case .array:
            var lists: [[Int]] = []
            for (index, element) in value.elements.numbered() {
                lists.append(try readTokens(element, at: "input[\(index)]"))
            }
            return .tokenLists(lists)
        default:
            throw .wrongType("input[0]", wanted: "a string, a token or an array of tokens", not: first.kind)
        }
    }

    private static func readTokens(_ value: JSONView, at path: String) throws(APIProblem) -> [Int] {
        var tokens: [Int] = []
        for (index, element) in try value.array(at: path).numbered() {
            tokens.append(try element.whole(at: "\(path)[\(index)]", from: 0))
        }
        guard !tokens.isEmpty else { throw .invalid(path, "is empty: give at least one token.") }
        return tokens
    }

    package func encodeEmbeddings(
        _ request: EmbeddingsRequest, model: String, dropped: inout [String]
    ) throws(CannotCarry) -> ByteBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("model", model)
            Self.write(request.input, to: &json)
            json.member("encoding_format", ifPresent: request.encodingFormat)
            json.member("dimensions", ifPresent: request.dimensions)
            json.member("user", ifPresent: request.endUser)
        }
        return json.buffer
    }

    static func write(_ input: EmbeddingsRequest.Input, to json: inout JSONWriter) {
        func tokens(_ tokens: [Int], _ json: inout JSONWriter) {
            json.array { json in for token in tokens { json.value(token) } }
        }
        json.key("input")
        switch input {
        case .text(let text): json.value(text)
        case .texts(let texts): json.array { json in for text in texts { json.value(text) } }
        case .tokens(let list): tokens(list, &json)
        case .tokenLists(let lists): json.array { json in for list in lists { tokens(list, &json) } }
        }
    }

    package func decodeEmbeddingsReply(_ body: ByteBuffer) throws(UnreadableReply) -> EmbeddingsReply {
        let root = try ReplyReader.document(body, "the answer").root
        guard let data = root["data"], data.kind == .array else { throw UnreadableReply("the answer has no `data`") }
        var vectors: [(place: Int, vector: EmbeddingsReply.Vector)] = []
        for (place, element) in data.elements.enumerated() {
            guard let embedding = element["embedding"] else { throw UnreadableReply("an entry has no `embedding`") }
            vectors.append((element["index"]?.int ?? place, try Self.readVector(embedding)))
        }
        // Servers that work in parallel need not keep the order.
        vectors.sort { $0.place < $1.place }
        let usage = root["usage"]
        return EmbeddingsReply(
            model: root["model"]?.string ?? "", vectors: vectors.map(\.vector),
            inputTokens: usage?["prompt_tokens"]?.int ?? usage?["total_tokens"]?.int ?? 0)
    }

    private static func readVector(_ view: JSONView) throws(UnreadableReply) -> EmbeddingsReply.Vector {
        if let base64 = view.string { return .base64(base64) }
        guard view.kind == .array else { throw UnreadableReply("an `embedding` is neither an array nor base64") }
        var floats: [Double] = []
        for element in view.elements {
            guard let value = element.double else { throw UnreadableReply("an `embedding` holds more than numbers") }
            floats.append(value)
        }
        return .floats(floats)
    }

    /// In the form that the caller asked for: the official client asks for
    /// base64 unless told otherwise, an engine gives numbers.
    package func encodeEmbeddingsReply(_ reply: EmbeddingsReply, to request: EmbeddingsRequest) -> ByteBuffer {
        let reply = reply.inFormat(request.encodingFormat)
        var json = JSONWriter()
        json.object { json in
            json.member("object", "list")
            json.array("data") { json in
                for (index, vector) in reply.vectors.enumerated() {
                    json.object { json in
                        json.member("object", "embedding")
                        json.member("index", index)
                        switch vector {
                        case .base64(let text): json.member("embedding", text)
                        case .floats(let floats):
                            json.array("embedding") { json in for value in floats { json.value(value) } }
                        }
                    }
                }
            }
            json.member("model", reply.model)
            json.object("usage") { json in
                json.member("prompt_tokens", reply.inputTokens)
                json.member("total_tokens", reply.inputTokens)
            }
        }
        return json.buffer
    }
}
