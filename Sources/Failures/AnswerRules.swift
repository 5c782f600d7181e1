/// Failures that need no words: no connection, no answer, no error in it.
extension Rules {
    // MARK: No words at all

    static let noWords = [
        Rule("no-byte-in-time", .silent, .model, transports: [.silent]),
        Rule("broken-off", .truncated, .model, positions: [.body, .stream, .streamEnd], transports: [.cut, .garbage]),
        Rule("damaged", .broken, .model, transports: [.damaged]),
        Rule("no-connection", .unreachable, .host, positions: [.connect], transports: [.unreachable, .closed, .cut]),
        Rule("not-ready", .overloaded, .model, positions: [.head], transports: [.unreachable]),
        Rule("no-http", .truncated, .model, positions: [.connect], transports: [.garbage]),
        Rule("no-answer", .unreachable, .host, positions: [.connect]),
        // How one retired model ended: politely, and with nothing to say.
        Rule("clean-end", .truncated, .model, .ambiguous, positions: [.streamEnd], shape: .empty),
        Rule("refusal-as-answer", .refused, .request, shape: .refusal),
        Rule("empty-answer", .truncated, .model, positions: [.body], shape: .empty),
        Rule("no-answer-in-it", .truncated, .model, positions: [.body], shape: .unreadable),
        Rule("page-as-answer", .truncated, .model, positions: [.body], shape: .page),
        Rule("text-as-answer", .truncated, .model, positions: [.body], shape: .text),
        Rule("no-event", .truncated, .model, positions: [.stream, .streamEnd], shape: .unreadable),
        Rule("text-in-stream", .truncated, .model, positions: [.stream, .streamEnd], shape: .text),
        Rule("empty-event", .truncated, .model, positions: [.stream], shape: .empty),
        // A proxy's, a firewall's, a load balancer's: nothing about our key
        // or the model.
        Rule("page-503", .overloaded, .host, statuses: [503...503], shape: .page),
        // It waited for the model: nothing against the others there.
        Rule("page-timeout", .silent, .model, statuses: [408...408, 504...504, 524...524], shape: .page),
        Rule("page-limit", .throttled, .credentialModel, statuses: [429...429], shape: .page),
        Rule("page-too-large", .tooLong, .request, statuses: [413...413], shape: .page),
        Rule("page", .broken, .host, shape: .page),
        Rule("gateway-503", .overloaded, .host, statuses: [503...503], shape: .text),
        Rule("gateway-line", .broken, .host, statuses: [502...502, 520...523, 525...527, 530...530], shape: .text),
        Rule("gateway-silence", .broken, .host, statuses: [502...502, 520...523, 525...527], shape: .empty),
        Rule(
            "firewall", .broken, .host, statuses: [400...499],
            words: [
                "firewall", "error code: 10", "you have been blocked", "rbac: access denied", "captcha",
                "virtual network",
                "request blocked by security", "security policy",
            ], unless: ["content", "policy violat", "safety", "api key", "flagged"]),
    ]
}
