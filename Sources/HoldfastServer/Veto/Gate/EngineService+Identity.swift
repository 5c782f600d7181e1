import Custody
import EngineHost

extension EngineService {
    /// Returns the root of the manifest of a hosted model's weights, by which
    /// the gate tells whether a model is the same as before; nil for models
    /// that others host, and while no weights are loaded.
    ///
    /// - Parameter candidate: `provider/model`.
    func identity(of candidate: String) -> String? {
        guard let slash = candidate.firstIndex(of: "/") else { return nil }
        let (provider, model) = (candidate[..<slash], candidate[candidate.index(after: slash)...])
        return supervisors.first { $0.provider == provider && $0.engine.model == model }?.engine.receipt?.manifestRoot
            .hex
    }
}
