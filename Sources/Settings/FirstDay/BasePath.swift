import Conversation

/// Base URLs with a path that the provider's own client would not be given:
/// OpenAI's clients want `/v1` in it, Anthropic's add it themselves.
struct BasePath {
    let notes: Notes

    func check(_ root: DocumentNode, _ providers: [ProviderSettings]) {
        for provider in providers {
            guard case .remote(let remote) = provider.kind, let node = root["providers"]?[provider.name]?["base_url"]
            else { continue }
            if let objection = Self.objection(to: remote) {
                notes.warning(node.position, "providers.\(provider.name).base_url \(objection)")
            }
        }
    }

    private static let endpoints = ["/chat/completions", "/completions", "/embeddings", "/responses", "/messages"]

    static func objection(to remote: RemoteProvider) -> String? {
        let path = remote.baseURL.path
        if let endpoint = endpoints.first(where: { path.hasSuffix($0) }) {
            return "ends in \(endpoint), which is added to it: it is where the API begins; leave that off"
        }
        if path.contains("/v1/v1") { return "has /v1 twice; write it once" }
        switch remote.dialect {
        case .anthropic:
            guard path.hasSuffix("/v1") else { return nil }
            return "ends in /v1, and /v1/messages is added to it; leave /v1 off"
        case .openai, .responses:
            guard path.isEmpty, let usual = usual(remote) else { return nil }
            let endpoint = remote.dialect == .responses ? "/responses" : "/chat/completions"
            return "has no path, and \(endpoint) is added to it; this server's API begins at \(usual): "
                + "write \(remote.baseURL.text)\(usual)"
        case .bedrock:
            guard path.hasSuffix("/model") || path.hasSuffix("/v1") else { return nil }
            return "ends in \(path), and /model/MODEL/converse is added to it; leave that off. Bedrock's "
                + "addresses with /openai/v1 and /anthropic speak other dialects (docs/bedrock.md)"
        case .engine: return nil
        }
    }

    /// Returns the path at which the API of a known server begins; nil if it is not known, or if the API also begins at
    /// the root.
    private static func usual(_ remote: RemoteProvider) -> String? {
        switch remote.server.flavour {
        case .openai, .mistral, .kimi, .minimax, .xai, .together, .cerebras, .nvidia, .vllm, .sglang, .ollama,
            .lmstudio:
            "/v1"
        case .azure: "/openai/v1"
        case .groq: "/openai/v1"
        case .fireworks: "/inference/v1"
        case .openrouter: "/api/v1"
        case .qwen: "/compatible-mode/v1"
        case .zai: "/api/paas/v4"
        case .gemini: "/v1beta/openai"
        case .deepseek, .llamacpp, .litellm: nil
        // What people run themselves has it, where it isn't one of the above.
        case .compatible: remote.baseURL.isLoopback ? "/v1" : nil
        }
    }
}
