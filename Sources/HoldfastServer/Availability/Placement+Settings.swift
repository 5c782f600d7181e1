package import Availability
package import Settings

extension Placement {
    /// The placement of a provider, as the settings say.
    package init(_ provider: ProviderSettings) {
        self.init(
            provider: provider.name, host: provider.host, lab: provider.lab, region: provider.region,
            custodian: provider.custodian)
    }
}
