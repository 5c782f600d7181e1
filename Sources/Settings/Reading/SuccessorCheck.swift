import Access
import Routing

/// A check that the successors of a retiring candidate can replace it.
///
/// A successor is looked up in the same way as a request's model, so a name that passes this check is also found then.
struct SuccessorCheck {
    let notes: Notes
    let providers: ReadProviders
    let table: RouteTable
    /// Every route that the file names, right or wrong.
    let names: [String]
    /// When candidates retire, by `provider/model`; the earliest if routes
    /// say different things.
    private let retirements: [String: Int]

    init(notes: Notes, providers: ReadProviders, routes: [Route], names: [String]) {
        self.notes = notes
        self.providers = providers
        self.names = names
        table = RouteTable(providers: providers.usable.map(\.facts), routes: routes)
        let dated = routes.flatMap(\.candidates).compactMap { candidate in
            candidate.retires.map { (candidate.id, $0) }
        }
        retirements = Dictionary(dated, uniquingKeysWith: min)
    }

    func check(_ successors: [ReadCandidates.Successor]) {
        for successor in successors { check(successor) }
    }

    private func check(_ successor: ReadCandidates.Successor) {
        let name = successor.name.value
        switch table.resolve(name) {
        case .route(let route):
            let others = route.candidates.filter { $0.id != successor.candidate.id }
            guard !others.isEmpty else {
                error(successor, "which has no candidate but \(successor.candidate.id); name another one")
                return
            }
            judge(successor, others)
        case .direct(let candidate):
            guard candidate.id != successor.candidate.id else {
                error(successor, "which is the retiring candidate; name another one")
                return
            }
            judge(successor, [candidate])
        case .providerUnavailable(_, let reason):
            warning(successor, "which cannot serve at present: \(reason)")
        case .modelNotServed(let provider, let model, let served):
            let hint =
                Spelling.closest(to: model, among: served).map { "did you mean \"\(provider)/\($0)\"?" }
                ?? "it serves \(served.prefix(10).joined(separator: ", "))"
            error(successor, "which \(provider) does not serve; \(hint)")
        case .unknown(let suggestion):
            guard !isNotedElsewhere(name) else { return }
            let hint = suggestion.map { "did you mean \"\($0)\"?" } ?? "name a route or provider/model"
            error(successor, "which is neither a route nor provider/model; \(hint)")
        }
    }

    /// Returns whether the named provider or route is in the file, but is invalid there, which is reported elsewhere.
    private func isNotedElsewhere(_ name: String) -> Bool {
        if names.contains(name) { return true }
        guard let slash = name.firstIndex(of: "/"), let entry = providers[String(name[..<slash])] else { return false }
        return entry == nil && !name[slash...].dropFirst().isEmpty
    }

    /// At least one must serve, and still do so when it is needed.
    private func judge(_ successor: ReadCandidates.Successor, _ heirs: [Candidate]) {
        if let reason = heirs.compactMap(\.unavailable).first, heirs.allSatisfy({ $0.unavailable != nil }) {
            warning(successor, "which cannot serve at present: \(reason)")
        }
        guard let retires = successor.candidate.retires else { return }
        let ends = heirs.compactMap { heir in retirements[heir.id] ?? heir.retires }
        if ends.count == heirs.count, let last = ends.max(), last <= retires {
            let time = UnixTime(seconds: Int64(last))
            warning(successor, "which is retired no later itself (\(time)); name one that stays")
        }
    }

    private func error(_ successor: ReadCandidates.Successor, _ reason: String) {
        notes.error(successor.name.position, "\(successor.path) is \(successor.name.shown), \(reason)")
    }

    private func warning(_ successor: ReadCandidates.Successor, _ reason: String) {
        notes.warning(successor.name.position, "\(successor.path) is \(successor.name.shown), \(reason)")
    }
}
