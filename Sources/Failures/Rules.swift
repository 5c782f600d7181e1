/// The classifier's table. The first rule that matches decides, so that the
/// order goes from specific to general; docs/failures.md explains it.
enum Rules {
    static let all =
        noWords + items + inside + credential + account + request + things + gone + access + capacity + defaults

    /// The rule for everything that no other rule matches: another candidate is
    /// asked, and only a breaker remembers it.
    static let unknown = Rule("unknown", .broken, .model)

    static let client: [ClosedRange<Int>] = [400...499]
    /// Codes that call the request wrong, where no status of its own does.
    static let requestCodes: Set<String> = [
        "invalid_request_error", "validationexception", "invalid_argument", "badrequesterror", "bad_request",
        // Of OpenAI's responses, which have no type beside them.
        "invalid_prompt", "invalid_request", "unsupported_parameter", "unsupported_value", "invalid_image",
        "invalid_image_url", "image_too_large", "image_parse_error", "unsupported_image_media_type",
    ]
    /// An error that says 200, or nothing, is one in a stream or a body.
    static let notServer: [ClosedRange<Int>] = [0...499]

    // MARK: What the status alone suggests, when nothing else speaks

    static let defaults = [
        Rule("status-401", .credential, .credential, statuses: [401...401]),
        // A line that isn't the host's own way to speak: something before it.
        Rule("text-403", .broken, .host, statuses: [403...403], shape: .text),
        Rule("status-403", .denied, .credentialModel, statuses: [403...403]),
        // The address is wrong, which no model is to blame for.
        Rule(
            "no-such-path", .broken, .host, statuses: [404...405],
            words: [
                "invalid url", "not found", "no route", "unknown path", "unknown url", "unknown request url",
                "method not allowed", "no such endpoint", "cannot post",
            ], unless: ["model", "deployment", "tool", "file"]),
        Rule("no-such-path-line", .broken, .host, statuses: [404...405], shape: .text),
        Rule("status-404", .broken, .model, statuses: [404...405]),
        Rule(
            "caller", .callerFault, .request, statuses: [0...299],
            codes: requestCodes),
        Rule("status-4xx", .callerFault, .request, statuses: client),
        Rule("error-in-stream", .broken, .model, positions: [.stream, .streamEnd]),
        Rule("redirect", .broken, .host, statuses: [300...399]),
    ]
}
