package import AdminAPI
import Conversation
import Encodings
package import Routing
package import Veto

/// The effect that a pull would have on routes, by the settings alone: for a
/// server that doesn't answer.
///
/// Other suspensions, holds and custody epochs are not known here: weights
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

    /// The scopes that stop nothing of these settings, each as one line for
    /// people: a name may be misspelt, or be one that the settings get later.
    /// Keys are not looked at.
    package static func objections(
        to scopes: [SuspendedScope], providers: [ProviderFacts], routes: [Route]
    ) -> [String] {
        let candidates = routes.flatMap(\.candidates)
        return scopes.compactMap { scope in
            let what: String
            let known: [String?]
            switch scope {
            case .key: return nil
            case .route: (what, known) = ("route", routes.map(\.name))
            case .model(let id):
                // A provider may take models that no route names.
                (what, known) = ("provider", providers.map(\.name))
                if known.contains(String(id.prefix { $0 != "/" })) { return nil }
            case .weights(let model, _):
                (what, known) = ("hosted model", candidates.filter { $0.dialect == .engine }.map(\.model))
                if known.contains(model) { return nil }
            case .lab: (what, known) = ("lab", providers.map(\.lab))
            case .host: (what, known) = ("host", providers.map(\.host))
            case .region: (what, known) = ("region", providers.map(\.region))
            }
            let names = Set(known.compactMap(\.self)).sorted()
            if names.contains(value(of: scope)) { return nil }
            let list = names.prefix(8).map(\.printable).joined(separator: ", ")
            let have = names.isEmpty ? "they name none" : "they have \(list)"
            return "\(scope.text.printable) stops nothing of the settings: no \(what) has that name; \(have)"
        }
    }

    private static func value(of scope: SuspendedScope) -> String {
        String(scope.text.drop { $0 != ":" }.dropFirst())
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
            let running = route.running.map {
                $0 == 0 ? "" : ", and \($0) \($0 == 1 ? "request runs" : "requests run")"
            }
            return "\(loses); \(rest)\(running ?? "")."
        }
        if routes.isEmpty { lines.append("No route is hit.") }
        if let streams, let requests {
            lines.append(
                "Running now: \(streams) \(streams == 1 ? "stream" : "streams"), "
                    + "\(requests) other \(requests == 1 ? "request" : "requests")"
                    + ((keys ?? []).isEmpty
                        ? "." : ", of \(keys?.count == 1 ? "the key" : "the keys") \(Self.list(keys ?? []))."))
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
