import Conversation
import DialectAnthropic
import DialectOpenAI
import NIOCore
import Testing
import Wire

@Suite(.serialized) struct DialectFuzzTests {
    @Test func noRequestGetsTheBetterOfADialect() throws {
        try Fuzzing.run("requests", share: 0.2, inputs: Corpus.documents) { input, _ in
            guard let document = try? JSONDocument(input) else { return }
            _ = try? DialectChecks.anthropic.decodeCountTokens(document, at: CalledPath())
            let embedder = DialectChecks.openai
            if let embeddings = try? embedder.decodeEmbeddings(document, at: CalledPath()) {
                var dropped: [String] = []
                if let body = try? embedder.encodeEmbeddings(embeddings, model: "m", dropped: &dropped) {
                    _ = try JSONDocument(body)
                }
            }
            try DialectChecks.request(document)
        }
    }

    @Test func noReplyGetsTheBetterOfADialect() throws {
        try Fuzzing.run("replies", share: 0.1, inputs: Corpus.documents) { input, _ in
            let embedder = DialectChecks.openai
            if let embeddings = try? embedder.decodeEmbeddingsReply(input) {
                let request = EmbeddingsRequest(model: "m", input: .text("a"))
                _ = try JSONDocument(embedder.encodeEmbeddingsReply(embeddings, to: request))
            }
            try DialectChecks.reply(input)
        }
    }

    @Test func noStreamGetsTheBetterOfADialect() throws {
        try Fuzzing.run("streams", share: 0.2, inputs: Corpus.streams) { input, random in
            try DialectChecks.stream(input, &random)
        }
    }

    // MARK: From their own corpus alone, so that more of it gets past the first check

    @Test func noRequestGetsTheBetterOfResponses() throws {
        try Fuzzing.run("Responses, requests", share: 0.25, inputs: Corpus.golden("responses", Corpus.documents)) {
            input, _ in
            guard let document = try? JSONDocument(input) else { return }
            try DialectChecks.request(document, by: [DialectChecks.responses])
        }
    }

    @Test func noAnswerGetsTheBetterOfResponses() throws {
        try Fuzzing.run("Responses, streams", share: 0.25, inputs: Corpus.golden("responses", Corpus.streams)) {
            input, random in
            try DialectChecks.stream(input, by: [DialectChecks.responses], &random)
        }
    }

    @Test func noRequestGetsTheBetterOfConverse() throws {
        try Fuzzing.run("Converse, requests", share: 0.05, inputs: Corpus.golden("bedrock", Corpus.documents)) {
            input, _ in
            guard let document = try? JSONDocument(input) else { return }
            try DialectChecks.request(document, by: [DialectChecks.converse])
        }
    }

    @Test func noAnswerGetsTheBetterOfConverse() throws {
        try Fuzzing.run("Converse, streams", share: 0.05, inputs: Corpus.golden("bedrock", Corpus.streams)) {
            input, random in
            try DialectChecks.stream(input, by: [DialectChecks.converse], &random)
        }
    }
}
