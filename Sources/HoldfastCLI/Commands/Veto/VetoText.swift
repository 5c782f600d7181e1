package import AdminAPI
import Encodings
import Veto

/// Suspensions as people read them.
package enum VetoText {
    package static func table(_ view: SuspensionsView) -> String {
        guard !view.suspensions.isEmpty else {
            return view.roster == 0
                ? "Nothing is suspended, and there are no people who could: `holdfast people init` makes a roster."
                : "Nothing is suspended, and never was."
        }
        var rows = [["ID", "PHASE", "SCOPE", "REASON", "BY", "ORDERED", "ENDS", "STANDING"]]
        for each in view.suspensions {
            rows.append([
                each.id, phase(each), scopes(each.scopes), each.reason.code, each.orderedBy.printable,
                StatusText.moment(each.ordered), each.expires.map { StatusText.moment($0) } ?? "-",
                standing(each),
            ])
        }
        return Table(rows: rows).text
    }

    private static func phase(_ view: SuspensionView) -> String {
        view.standing.percent.map { "\(view.phase) \($0)%" } ?? view.phase
    }

    private static func scopes(_ scopes: [String]) -> String {
        let first = scopes.first?.printable ?? ""
        return scopes.count > 1 ? "\(first) and \(scopes.count - 1) more" : first
    }

    /// The fate of a suspension so far, in a few words.
    private static func standing(_ view: SuspensionView) -> String {
        var words: [String] = []
        if view.standing.isOverdue {
            words.append("OVERDUE: not ratified")
        } else if view.standing.ratifiedBy == nil, view.orderedBy.hasPrefix("person:"), view.phase == "suspended" {
            words.append("not ratified")
        }
        if !view.standing.approvers.isEmpty, view.phase == "suspended" {
            words.append("return approved by \(view.standing.approvers.map(\.printable).joined(separator: ", "))")
        }
        return words.isEmpty ? "-" : words.joined(separator: "; ")
    }

    /// All that is known of one.
    package static func whole(_ view: SuspensionView, ratifyUntil: Int?, missing: Int) -> String {
        var rows: [[String]] = []
        func row(_ name: String, _ value: String?) { if let value { rows.append(["  \(name)", value]) } }
        for (place, scope) in view.scopes.enumerated() { row(place == 0 ? "scope" : "", scope.printable) }
        row("phase", "\(phase(view)), since \(StatusText.moment(view.standing.since))")
        row("mode", view.mode)
        row("reason", view.reason.code + (view.reason.basis.map { ", \($0.printable)" } ?? ""))
        row("", view.reason.text.printable)
        row("evidence", view.reason.evidence?.printable)
        row("told to callers", view.reason.isPublic ? "yes" : "no")
        row("ordered", "\(StatusText.moment(view.ordered)) by \(view.orderedBy.printable)")
        row("ends", view.expires.map { "\(StatusText.moment($0)), through the gate" })
        for end in view.standing.proposedEnds ?? [] {
            let people = end.people.map(\.printable).joined(separator: ", ")
            row("earlier end", "\(StatusText.exact(end.expires)), signed by \(people); 1 more person needed")
        }
        if view.orderedBy.hasPrefix("person:") {
            row(
                "ratified",
                view.standing.ratifiedBy.map { "by \($0.printable)" } ?? "not yet\(until(ratifyUntil, view))")
        }
        row("approved", approved(view, missing))
        row("gate failed", failure(view))
        row("digest", view.digest)
        for (place, condition) in view.standing.gate.enumerated() {
            row(
                place == 0 ? "gate" : "",
                "\(condition.name.printable): \(condition.state)" + (condition.detail.map { ", \($0.printable)" } ?? "")
            )
        }
        return "\(view.id)\n"
            + rows.map { row in
                row[0].padded(to: 20) + row[1]
            }.joined(separator: "\n")
    }

    private static func until(_ time: Int?, _ view: SuspensionView) -> String {
        if view.standing.isOverdue { return ", and the time for it is over" }
        return time.map { ", until \(StatusText.moment($0))" } ?? ""
    }

    /// The reason why it is suspended still, though people had approved its
    /// return. What is over needs none.
    private static func failure(_ view: SuspensionView) -> String? {
        guard view.phase != "restored", view.phase != "lapsed" else { return nil }
        return view.standing.failure.map { "\(StatusText.moment($0.time)): \($0.reason.printable)" }
    }

    private static func approved(_ view: SuspensionView, _ missing: Int) -> String? {
        guard view.phase == "suspended" else { return nil }
        let names = view.standing.approvers.map(\.printable).joined(separator: ", ")
        let need = "\(missing) more \(missing == 1 ? "person" : "people") needed"
        return names.isEmpty ? "by nobody; \(need)" : "by \(names); \(need)"
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(1, width - count))
    }
}

extension SuspensionView {
    /// A suspension by what the spool tells, without a server.
    init(_ suspension: Suspension, _ standing: SuspensionStanding, expires: Int?, proposed ends: [ProposedEnd]) {
        var share: Int?
        if case .halfOpen(let percent) = standing.phase { share = percent }
        self.init(
            id: suspension.id, number: suspension.number, scopes: suspension.scopes.map(\.text),
            mode: suspension.mode.rawValue,
            reason: .init(
                code: suspension.reason.code.rawValue, basis: suspension.reason.basis, text: suspension.reason.text,
                evidence: suspension.reason.evidence, isPublic: suspension.reason.isPublic),
            orderedBy: suspension.orderer.text, ordered: suspension.ordered, expires: expires,
            phase: standing.phase.name,
            standing: SuspensionStandingView(
                since: standing.since, ratifiedBy: standing.ratifiedBy, isOverdue: standing.isOverdue,
                approvers: standing.approvers, percent: share,
                failure: standing.failure.map { GateFailureView(time: $0.time, reason: $0.reason) },
                proposedEnds: ends.isEmpty
                    ? nil : ends.map { ProposedEndView(expires: $0.expires, people: $0.people) }),
            digest: Hex.encode(suspension.digest))
    }
}

extension SpoolDesk {
    /// All suspensions, the newest first.
    var view: SuspensionsView {
        SuspensionsView(
            suspensions: machine.numbers.reversed().compactMap { self.view($0) }, roster: chain?.current.version ?? 0)
    }

    func view(_ number: Int) -> SuspensionView? {
        guard let suspension = machine.suspension(number), let standing = machine.standing(of: number) else {
            return nil
        }
        return SuspensionView(
            suspension, standing, expires: machine.expiry(of: number),
            proposed: proposedEnds(of: number))
    }
}
