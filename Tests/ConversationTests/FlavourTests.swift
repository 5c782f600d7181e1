import Conversation
import Testing

@Suite("Flavours") struct FlavourTests {
    @Test(
        "a well-known address isn't recognized",
        arguments: [
            ("api.openai.com", 443, Flavour.openai), ("API.OpenAI.com", 443, .openai),
            ("example.openai.azure.com", 443, .azure), ("api.mistral.ai", 443, .mistral),
            ("api.moonshot.ai", 443, .kimi), ("127.0.0.1", 11434, .ollama), ("127.0.0.1", 8000, .compatible),
            ("notapi.openai.com.example", 443, .compatible), ("myapi.mistral.ai", 443, .compatible),
        ])
    func addresses(host: String, port: Int, flavour: Flavour) { #expect(Flavour(host: host, port: port) == flavour) }

    @Test(
        "a model's sampling is misjudged",
        arguments: [
            ("gpt-5-mini", false), ("gpt-5.2", false), ("openai/o3", false), ("gpt-4o", true), ("o1x", true),
            ("o11", true),
        ])
    func sampling(model: String, takes: Bool) { #expect(Flavour.openai.traits.takesSampling(model) == takes) }

    @Test(
        "the longest answer is misjudged",
        arguments: [("gpt-4o-mini", 16_384), ("gpt-4-turbo-2024", 4096), ("gpt-4", nil), ("my-model", nil)])
    func longest(model: String, tokens: Int?) { #expect(Flavour.openai.traits.longestAnswer(model) == tokens) }

    @Test("a word of effort is not the nearest", arguments: [("max", "xhigh"), ("low", "low"), ("frantic", nil)])
    func efforts(word: String, taken: String?) { #expect(ServerTraits.effort(word) == taken) }
}
