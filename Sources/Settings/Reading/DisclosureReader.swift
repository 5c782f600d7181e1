/// The limits on a hosted model's disclosures: `egress` and `logprobs` of a provider.
extension Section {
    func egress() -> EgressLimit {
        guard let egress = section("egress", keys: ["per_day"]) else { return .usual }
        let expectation = "must be a size such as 2GiB, a part of the weights' size such as 10%, or off"
        return egress.value("per_day", expectation) { text -> EgressLimit? in
            if text == "off" { return .unlimited }
            if let part = percentWritten(text) { return part > 0 ? .part(part) : nil }
            return bytesWritten(text).flatMap { $0 > 0 ? .bytes($0) : nil }
        } ?? .usual
    }

    func logprobShares() -> LogprobShares {
        var shares = LogprobShares()
        guard let section = section("logprobs", keys: ["per_key", "per_tenant"]) else { return shares }
        func part(_ key: String) -> Double? {
            section.value(key, "must be a part of what recovering the last layer takes, such as 5%", percentWritten)
        }
        shares.perKey = part("per_key") ?? shares.perKey
        shares.perTenant = part("per_tenant") ?? max(shares.perTenant, shares.perKey)
        if shares.perTenant < shares.perKey, section.node("per_tenant") != nil {
            section.error("per_tenant", "is less than per_key; a tenant's keys may be told at least as much as one")
        }
        return shares
    }
}
