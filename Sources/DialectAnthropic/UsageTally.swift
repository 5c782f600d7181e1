import Conversation
import NIOCore
import Wire

/// The cost as far as it is known, gathered from `message_start` and
/// `message_delta`, whose counts are totals and replace earlier ones.
///
/// Anthropic counts tokens that were read from a cache, and tokens that were
/// written into one, separately; the shared input is the sum of the three.
struct UsageTally {
    private var input = 0
    private var cacheRead: Int?
    private var cacheWrite: Int?
    private var output = 0
    private var reasoning: Int?
    private(set) var isEmpty = true

    mutating func merge(_ view: JSONView) {
        guard view.kind == .object else { return }
        isEmpty = false
        for (name, value) in view.members {
            if name.isString("input_tokens") {
                if let count = Self.count(value) { input = count }
            } else if name.isString("output_tokens") {
                if let count = Self.count(value) { output = count }
            } else if name.isString("cache_read_input_tokens") {
                if let count = Self.count(value) { cacheRead = count }
            } else if name.isString("cache_creation_input_tokens") {
                if let count = Self.count(value) { cacheWrite = count }
            } else if name.isString("output_tokens_details") {
                if let count = value["thinking_tokens"].flatMap(Self.count) { reasoning = count }
            }
        }
    }

    /// A count; an absurd one is cut, so that sums can't overflow.
    private static func count(_ view: JSONView) -> Int? {
        view.int.map { min(max($0, 0), 1 << 48) }
    }

    var usage: Usage {
        Usage(
            input: input + (cacheRead ?? 0) + (cacheWrite ?? 0), output: output, cacheRead: cacheRead,
            cacheWrite: cacheWrite, reasoning: reasoning)
    }

    /// Only the top members and the usage are indexed, whatever the reply's
    /// size.
    static func usage(inReply reply: JSONView) -> Usage? {
        guard let counts = reply["usage"] else { return nil }
        var tally = UsageTally()
        tally.merge(counts)
        return tally.isEmpty ? nil : tally.usage
    }

    // MARK: The other way

    /// Writes the members of a `usage` object.
    static func write(_ usage: Usage?, to json: inout JSONWriter) {
        let usage = usage ?? Usage(input: 0, output: 0)
        json.member("input_tokens", uncached(usage))
        json.member("cache_creation_input_tokens", ifPresent: usage.cacheWrite)
        json.member("cache_read_input_tokens", ifPresent: usage.cacheRead)
        json.member("output_tokens", usage.output)
        if let reasoning = usage.reasoning {
            json.object("output_tokens_details") { $0.member("thinking_tokens", reasoning) }
        }
    }

    /// Writes the members of a whole answer's `usage`, all that the API's
    /// schema requires.
    static func write(whole usage: Usage?, tier: String?, to json: inout JSONWriter) {
        let usage = usage ?? Usage(input: 0, output: 0)
        json.null("cache_creation")
        json.key("cache_creation_input_tokens")
        if let count = usage.cacheWrite { json.value(count) } else { json.null() }
        json.key("cache_read_input_tokens")
        if let count = usage.cacheRead { json.value(count) } else { json.null() }
        json.null("inference_geo")
        json.member("input_tokens", uncached(usage))
        json.member("output_tokens", usage.output)
        if let reasoning = usage.reasoning {
            json.object("output_tokens_details") { $0.member("thinking_tokens", reasoning) }
        } else {
            json.null("output_tokens_details")
        }
        json.null("server_tool_use")
        json.key("service_tier")
        // Other providers' words mean other things.
        if let tier, tier == "standard" || tier == "priority" || tier == "batch" {
            json.value(tier)
        } else {
            json.null()
        }
    }

    private static func uncached(_ usage: Usage) -> Int {
        let cached = (usage.cacheRead ?? 0).addingReportingOverflow(usage.cacheWrite ?? 0)
        guard !cached.overflow else { return 0 }
        return max(0, usage.input.subtractingReportingOverflow(cached.partialValue).partialValue)
    }
}
