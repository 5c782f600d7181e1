import Conversation
import Extraction

// What callers are told when a hosted model may tell no more.

extension APIProblem {
    static func egressUsedUp(_ model: String, wait: Int) -> APIProblem {
        APIProblem(
            .unavailable,
            "\(model) may give no more answers today: its `egress` budget is used up. Ask again in \(wait) s, or ask "
                + "for another route; whoever runs this Holdfast can raise `egress: {per_day: …}`.",
            code: "egress_budget", retryAfter: wait)
    }

    init(_ refusal: RecoveryMeter.Refusal, _ measurement: Measurement, tokens: Int, _ model: HostedModel) {
        let field = measurement.field
        switch refusal {
        case .ended(let subject):
            self.init(
                .forbidden,
                "\(subject.told) as much of \(model.name) by `\(field)` as may be: with more, its last layer could be "
                    + "recovered. Leave `\(field)` out; whoever runs this Holdfast can raise \(subject.setting) or "
                    + "begin anew with `holdfast disclosures forgive \(subject.text)`.",
                field: field, code: "measuring_used_up")
        case .tooMany(let subject, let left):
            self.init(
                .invalidRequest,
                "\(subject.told) nearly as much of \(model.name) by `\(field)` as may be: \(measurement.tokens(values: left))"
                    + " tokens are left, and this request could bring \(tokens). Set `max_tokens` to what is left or "
                    + "less.", field: "max_tokens", code: "measuring_nearly_used_up")
        case .busy:
            self.init(
                .limited,
                "What may still be told of \(model.name) by `\(field)` is set aside for requests that are being "
                    + "answered; send the request again, or with a smaller `max_tokens`.",
                field: field, code: "measuring_busy", retryAfter: 1)
        }
    }
}

extension Subject {
    fileprivate var told: String {
        switch self {
        case .key: "This key has been told"
        case .tenant: "The keys of your tenant together have been told"
        }
    }

    fileprivate var setting: String {
        switch self {
        case .key: "`logprobs: {per_key: …}`"
        case .tenant: "`logprobs: {per_tenant: …}`"
        }
    }
}
