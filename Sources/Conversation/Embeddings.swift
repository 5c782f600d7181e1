/// A request for embeddings (OpenAI's `POST /v1/embeddings`).
package struct EmbeddingsRequest: Sendable, Equatable {
    package enum Input: Sendable, Equatable {
        case text(String)
        case texts([String])
        case tokens([Int])
        case tokenLists([[Int]])
    }

    package var model: String
    package var input: Input
    /// `float` or `base64`.
    package var encodingFormat: String?
    package var dimensions: Int?
    package var endUser: String?
    package var leftovers: [Leftover] = []

    package init(model: String, input: Input) {
        self.model = model
        self.input = input
    }
}

/// The answer to an ``EmbeddingsRequest``.
package struct EmbeddingsReply: Sendable, Equatable {
    package enum Vector: Sendable, Equatable {
        case floats([Double])
        case base64(String)
    }

    package var model: String
    /// In the order of the input.
    package var vectors: [Vector]
    /// Tokens of the input.
    package var inputTokens: Int

    package init(model: String, vectors: [Vector], inputTokens: Int) {
        self.model = model
        self.vectors = vectors
        self.inputTokens = inputTokens
    }
}
