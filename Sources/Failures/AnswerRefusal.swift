import Wire

/// A refusal that comes as an answer: its status says yes, its last word no.
enum AnswerRefusal {
    /// Reasons to stop, in every dialect's spelling, in lower case.
    private static let reasons: Set<String> = [
        "refusal", "content_filter", "content_filtered", "guardrail_intervened", "safety", "prohibited_content",
        "blocklist", "spii", "recitation", "image_safety", "error_toxic", "image_prohibited_content", "model_armor",
    ]

    static func stands(in root: JSONView) -> Bool {
        for reason in [root["stop_reason"], root["stopReason"], root["finish_reason"], root["completionReason"]]
        where isOne(reason) { return true }
        if isOne(root["delta"]?["stop_reason"]) || isOne(root["messageStop"]?["stopReason"]) { return true }
        // OpenAI's responses.
        if isOne(root["incomplete_details"]?["reason"]) { return true }
        // Gemini names no reason where nothing is blocked.
        if let reason = root["promptFeedback"]?["blockReason"]?.string, !reason.isEmpty,
            reason != "BLOCK_REASON_UNSPECIFIED"
        {
            return true
        }
        for choice in elements(root["choices"]) {
            if isOne(choice["finish_reason"]) { return true }
            if let refusal = choice["message"]?["refusal"]?.string, !refusal.isEmpty { return true }
        }
        for candidate in elements(root["candidates"]) where isOne(candidate["finishReason"]) {
            return true
        }
        for result in elements(root["results"]) where isOne(result["completionReason"]) {
            return true
        }
        for output in elements(root["output"]) {
            for part in elements(output["content"]) where part["type"]?.string == "refusal" {
                return true
            }
        }
        return false
    }

    private static func elements(_ value: JSONView?) -> [JSONView] {
        value.map { Array($0.elements.prefix(100)) } ?? []
    }

    private static func isOne(_ value: JSONView?) -> Bool {
        value?.string.map { reasons.contains($0.lowercased()) } ?? false
    }
}
