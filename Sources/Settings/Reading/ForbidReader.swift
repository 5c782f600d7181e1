import Routing

/// A top-level member that requests may not have, as `forbid` of a route or a
/// key names it.
package enum ForbiddenMember {
    /// Members that cost more, or keep what is sent for longer. Others may be
    /// named, too: providers add some every month.
    private static let known = [
        "service_tier", "store", "metadata", "prompt_cache_retention", "prompt_cache_key", "safety_identifier", "user",
        "speed", "background", "web_search_options", "prediction", "modalities", "audio", "plugins", "transforms",
        "models", "provider", "route", "inference_geo", "container", "mcp_servers", "context_management",
        "cache_control", "tools", "thinking", "reasoning", "reasoning_effort", "verbosity", "logprobs", "logit_bias",
        "n", "seed", "betas",
    ]
    private static let needed = ["model", "messages", "input", "max_tokens", "stream"]

    /// Returns the reason why a member can't be forbidden, as the end of a sentence that begins with its name; nil if
    /// it can.
    package static func objection(to name: String) -> String? {
        if needed.contains(name) { return "can't be forbidden: requests need it" }
        guard !name.isEmpty, name.utf8.count <= 64, name.utf8.allSatisfy({ $0 == 0x5F || isLetterOrDigit($0) }) else {
            return "names no member of a request, such as service_tier"
        }
        guard !known.contains(name), let other = Spelling.closest(to: name, among: known) else { return nil }
        return "is no member that is known here; did you mean \"\(other)\"?"
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }
}

extension Section {
    /// `forbid`
    func forbidden() -> [String] {
        (list("forbid") ?? []).compactMap { word in
            guard let objection = ForbiddenMember.objection(to: word.value) else { return word.value }
            notes.error(word.position, "\(path("forbid")): \(word.shown) \(objection)")
            return nil
        }
    }
}
