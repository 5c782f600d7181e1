import Routing
import Encodings
import Crypto
package import Settings
import Signing
package import Supervision
import WeightFiles
import WeightSigning

/// The comparison of a supervisor's keys with those of its primaries by what
/// is in their files, before anything is loaded. Weights are compared once
/// they are in memory, by ``CustodyService``.
package struct SupervisorIndependence {
    private let engine: SupervisorEngine
    private let primaries: [SupervisedPrimary]

    /// - Parameter primaries: all that it stands over.
    package init(_ engine: SupervisorEngine, over primaries: [SupervisedPrimary]) {
        self.engine = engine
        self.primaries = primaries
    }

    /// Everything by which the supervisor depends on a primary. Reads files.
    package var breaches: [Independence.Breach] {
        let rule = Independence(of: engine.origin(Self.identity))
        return primaries.filter { $0.level != .off }.flatMap { primary in
            rule.breaches(with: primary.origin(Self.identity), isRequired: primary.level == .required)
        }
    }

    /// - Throws: ``StartupError`` with the first breach.
    package func check() throws(StartupError) {
        guard let breach = breaches.first else { return }
        throw StartupError(.configuration, breach.description)
    }

    /// A key in two files, however it is spelled there, is one key. A file that
    /// can't be read yet is known by its path.
    private static func identity(_ path: String) -> String {
        guard let text = try? SmallFile.regularText(path) else { return "path \(path)" }
        if let key = try? ECPublicKey(pem: text) { return "key \(key.hint)" }
        return "certificate \(Hex.encode(SHA256.hash(data: Array(text.filter { !$0.isWhitespace }.utf8))))"
    }
}
