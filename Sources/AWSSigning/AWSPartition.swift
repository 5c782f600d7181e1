/// The separate parts of Amazon's cloud, as the names of their regions tell.
package enum AWSPartition {
    /// The domain under which a region's services are.
    package static func suffix(of region: String) -> String {
        let known = [
            ("cn-", "amazonaws.com.cn"), ("eusc-", "amazonaws.eu"), ("us-iso-", "c2s.ic.gov"),
            ("us-isob-", "sc2s.sgov.gov"), ("eu-isoe-", "cloud.adc-e.uk"), ("us-isof-", "csp.hci.ic.gov"),
        ]
        return known.first { region.hasPrefix($0.0) }?.1 ?? "amazonaws.com"
    }
}
