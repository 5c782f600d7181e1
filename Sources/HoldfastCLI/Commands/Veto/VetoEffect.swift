package import AdminAPI
import Conversation
import Encodings
package import Routing
package import Veto

/// The effect that a pull would have on routes, by the settings alone: for a
/// server that doesn't answer.
///
/// It knows of no other suspensions, no holds and no custody epochs: weights
/// count as covered whatever their epoch.
package enum VetoEffect {
    package static func of(_ scopes: [SuspendedScope], on routes: [Route]) -> SuspensionEffectView {
        SuspensionEffectView(
            routes: routes.compactMap { route in
                let isStopped = scopes.contains { $0 == .route(route.name) }
                let lost = route.candidates.filter { candidate in
                    isStopped || scopes.contains { $0.covers(subject(of: candidate)) }
                }
                if lost.isEmpty { return nil }
                let left = isStopped ? [] : route.candidates.filter { !lost.contains($0) && $0.unavailable == nil }
                return .init(name: route.name, lost: lost.map(\.id), left: left.map(\.id))
            })
    }

    private static func subject(of candidate: Candidate) -> SuspensionSubject {
        SuspensionSubject(
            id: candidate.id, lab: candidate.lab, host: candidate.host, region: candidate.region,
            weights: candidate.dialect == .engine ? candidate.model : nil)
    }
}

extension SuspensionEffectView {
    /// The routes that would be left without anybody.
    var emptied: [String] { routes.filter(\.left.isEmpty).map(\.name) }

    /// The lines that tell it to a person.
    var lines: [String] {
        var lines = routes.map { route in
            let loses = "Route \(route.name.printable) loses \(Self.list(route.lost))"
            let rest = route.left.isEmpty ? "nobody else can serve it" : "\(Self.list(route.left)) can serve it"
            let running = route.running.map { $0 == 0 ? "" : ", and \($0) \($0 == 1 ? "request runs" : "requests run")" }
            return "\(loses); \(rest)\(running ?? "")."
        }
        if routes.isEmpty { lines.append("No route is hit.") }
        if let streams, let requests {
            lines.append(
                "Running now: \(streams) \(streams == 1 ? "stream" : "streams"), "
                    + "\(requests) other \(requests == 1 ? "request" : "requests")"
                    + ((keys ?? []).isEmpty ? "." : ", of \(keys?.count == 1 ? "the key" : "the keys") \(Self.list(keys ?? []))."))
        } else {
            lines.append("What runs now is not known: no server answers; the routes are those of the settings.")
        }
        return lines
    }

    private static func list(_ names: [String]) -> String {
        let few = names.prefix(8).map(\.printable).joined(separator: ", ")
        return names.count > 8 ? "\(few) and \(names.count - 8) more" : few
    }
}
