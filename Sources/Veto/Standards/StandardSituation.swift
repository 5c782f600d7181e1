/// The facts beside the judgements by which a round of them is decided.
package struct StandardSituation: Sendable {
    /// A route with its candidates.
    package struct Route: Sendable {
        package var name: String
        package var candidates: [Candidate]

        package init(name: String, candidates: [Candidate]) {
            self.name = name
            self.candidates = candidates
        }
    }

    /// A candidate, as far as it can stand in for another.
    package struct Candidate: Sendable {
        package var subject: SuspensionSubject
        /// False where it is skipped for want of a key, or held.
        package var serves: Bool

        package init(_ subject: SuspensionSubject, serves: Bool = true) {
            self.subject = subject
            self.serves = serves
        }
    }

    package var routes: [Route]
    /// The suspensions that are not over, whoever ordered them.
    package var suspended: [SuspensionIndex.Entry]

    package init(routes: [Route] = [], suspended: [SuspensionIndex.Entry] = []) {
        self.routes = routes
        self.suspended = suspended
    }

    /// The routes that nobody would serve if a scope were suspended, too; among
    /// them those that nobody serves at the moment, where it is about them.
    ///
    /// - Parameter ordered: scopes that count as suspended, although they
    ///   aren't among ``suspended`` yet.
    func routesLeftAlone(by scope: SuspendedScope, ordered: [SuspendedScope]) -> [String] {
        let scopes = suspended.flatMap(\.suspension.scopes) + ordered
        return routes.filter { route in
            let isStopped = scopes.contains { $0.covers(key: "", route: route.name) }
            guard !isStopped else { return false }
            let serving = route.candidates.filter { candidate in
                candidate.serves && !scopes.contains { $0.covers(candidate.subject) }
            }
            guard !serving.isEmpty else { return scope.concerns(route) }
            return scope.covers(key: "", route: route.name) || serving.allSatisfy { scope.covers($0.subject) }
        }.map(\.name)
    }
}

extension SuspendedScope {
    /// True where a route depends on it: nobody else serves there, and this may
    /// be the one who will again.
    fileprivate func concerns(_ route: StandardSituation.Route) -> Bool {
        covers(key: "", route: route.name) || route.candidates.contains { covers($0.subject) }
    }
}

extension StandardSubject {
    /// The scopes that it stands for, each on its own: as they are written, or
    /// as the routes of the moment have them.
    package func scopes(in routes: [StandardSituation.Route]) -> [SuspendedScope] {
        func models(where isMeant: (SuspensionSubject) -> Bool) -> [SuspendedScope] {
            Set(routes.flatMap(\.candidates).map(\.subject).filter(isMeant).map(\.id)).sorted().map { .model($0) }
        }
        switch self {
        case .scope(let scope): return [scope]
        case .hosted: return models { $0.weights != nil }
        case .models: return models { _ in true }
        case .routes: return routes.map { .route($0.name) }
        }
    }
}

extension Standard {
    /// Every scope that it is about, once.
    package func scopes(in routes: [StandardSituation.Route]) -> [SuspendedScope] {
        var seen: Set<SuspendedScope> = []
        return subjects.flatMap { $0.scopes(in: routes) }.filter { seen.insert($0).inserted }
    }
}

extension StandardVerdict {
    /// The judgement about several members at once: breached if one of them is,
    /// else unknown if one of them is. As old as its oldest part.
    ///
    /// - Parameters:
    ///   - members: each with its name, for the evidence.
    ///   - now: seconds since 1970.
    package static func all(
        of members: [(name: String, verdict: StandardVerdict)], at now: Int
    ) -> StandardVerdict {
        guard let first = members.first else {
            return StandardVerdict(.unknown, "nothing here is meant by it", seen: now)
        }
        guard members.count > 1 else { return first.verdict }
        for ruling in [Ruling.breached, .unknown] {
            let found = members.filter { $0.verdict.ruling == ruling }
            guard let one = found.first else { continue }
            let more = found.count > 1 ? " (and \(found.count - 1) more)" : ""
            return StandardVerdict(
                ruling, "\(one.name): \(one.verdict.evidence)\(more)", seen: one.verdict.seen,
                until: found.compactMap(\.verdict.until).min())
        }
        return StandardVerdict(
            .met, "all \(members.count): \(first.verdict.evidence)", seen: members.map(\.verdict.seen).min() ?? now,
            until: members.compactMap(\.verdict.until).min())
    }
}
