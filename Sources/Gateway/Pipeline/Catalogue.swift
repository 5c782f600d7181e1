package import Conversation
import Routing

extension Gateway {
    /// Returns the models that a caller may ask for, with what is known of their
    /// lives: routes, their other names that are no patterns, and models of
    /// providers.
    ///
    /// - Parameters:
    ///   - allowed: As in ``RouteTable/listing(allowed:)``.
    ///   - now: In seconds since 1970.
    package func catalogue(allowed: Set<String>?, now: Int) -> [ListedModel] {
        let routes = state.routes
        let listing = served(routes.listing(allowed: allowed)).map { model -> ListedModel in
            guard let candidate = first(of: model, in: routes, now: now) else { return model }
            let end = announcedEnd(of: candidate, on: model.provider == nil ? model.id : nil)
            var model = model
            model.lab = candidate.lab
            model.takesImages = candidate.capabilities.contains(.images)
            model.deprecated = end?.isOfStandard == true ? end?.deprecated : candidate.deprecated
            model.retires = end?.ends
            return model
        }
        let others = routes.aliases.compactMap { alias -> ListedModel? in
            guard let name = alias.name,
                var model = listing.first(where: { $0.id == alias.route && $0.provider == nil })
            else { return nil }
            model.id = name
            return model
        }
        return listing + others
    }

    private func announcedEnd(of candidate: Candidate, on route: String?) -> AnnouncedEnd? {
        let subject = candidate.suspensionSubject.with(state.providers[candidate.provider]?.weights)
        return AnnouncedEnd(of: candidate, continuity.planned.first(of: subject, on: route))
    }

    /// The candidate that a request for the model is served by first, while
    /// nothing is wrong.
    private func first(of model: ListedModel, in routes: RouteTable, now: Int) -> Candidate? {
        switch routes.resolve(model.id) {
        case .route(let route):
            let able = route.candidates.filter { $0.unavailable == nil }
            let dated = continuity.announcements.dated(able, in: routes)
            return dated.first { ($0.retires ?? .max) > now } ?? dated.first
        case .direct(let candidate):
            // A route's candidate of the same name knows the settings' dates.
            let known = routes.routes.lazy.flatMap(\.candidates).first { $0.id == candidate.id }
            return continuity.announcements.dated([known ?? candidate], in: routes).first
        case .unknown, .modelNotServed, .providerUnavailable: return nil
        }
    }
}
