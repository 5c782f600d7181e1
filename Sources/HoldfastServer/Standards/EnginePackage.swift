import EngineHost
package import Veto

/// The package out of which hosted models are run, as advisories name it.
package enum EnginePackage {
    /// The one that Holdfast installs; nil where the installer names none.
    package static var installed: AdvisoryPackage? {
        guard let (name, version) = EngineInstaller.package else { return nil }
        return AdvisoryPackage(ecosystem: "PyPI", name: name, version: version)
    }
}
