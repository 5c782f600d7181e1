import AdminAPI
import FrontDoor
import Gateway

/// The administrators' resource for what sessions and their agents have used.
struct SessionPages {
    let gateway: Gateway

    var pages: [AdminDoor.Page] { [AdminDoor.Page(AdminPath.sessions) { view() }] }

    private func view() -> SessionsView {
        SessionsView(
            sessions: gateway.continuity.sessions.uses.map { place, use in
                SessionsView.Session(
                    key: place.key, session: place.session, agent: place.agent, parentAgent: use.parent,
                    requests: use.requests, inputTokens: use.inputTokens, outputTokens: use.outputTokens,
                    cachedTokens: use.cachedTokens, moves: use.moves, moveTokens: use.moveTokens,
                    servedBy: use.servedBy, last: use.last)
            })
    }
}
