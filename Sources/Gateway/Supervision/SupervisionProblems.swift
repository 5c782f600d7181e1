package import Conversation
package import Supervision

extension APIProblem {
    /// The code of requests that a clause of the constitution forbids.
    package static let blockedByPolicy = "blocked_by_policy"
    /// The code of requests that could not be judged.
    package static let supervisionUnavailable = "supervision_unavailable"
    /// The code of a key that has more to be judged than its part.
    package static let supervisionShare = "supervision_share"

    /// A request that the supervisor blocks. Sent again as it is, it is
    /// blocked again.
    /// - Parameter namesClause: True where callers are told the clause.
    package static func blocked(_ verdict: Verdict, namesClause: Bool) -> APIProblem {
        APIProblem(
            .invalidRequest,
            "The request was blocked by policy\(verdict.grounds(namesClause: namesClause)). Take out what breaks the policy; "
                + "sent again as it is, it is blocked again.", code: blockedByPolicy)
    }

    /// A request that nobody has judged, and which therefore goes nowhere.
    package static let unsupervised = APIProblem(
        .unavailable,
        "The request must be judged by a supervisor, and that gave no verdict (supervision_unavailable); try again in "
            + "a moment.", code: supervisionUnavailable, retryAfter: 1)

    /// A key with more to be judged than its part.
    package static let overSupervisionShare = APIProblem(
        .limited,
        "This key has as much waiting for the supervisor as one key may have; try again once some of it is answered.",
        code: supervisionShare, retryAfter: 1)

    /// A request with parts that no supervisor can read, on a route that
    /// refuses those.
    package static func unseen(_ parts: Set<UnseenPart>) -> APIProblem {
        let names = UnseenPart.allCases.filter(parts.contains).map(\.rawValue).joined(separator: ", ")
        return APIProblem(
            .invalidRequest,
            "The request has parts that the supervisor can't read (\(names)), and this route takes none; leave them out, "
                + "or ask another route.", code: "unseen_part")
    }

    /// True where a supervisor has refused the request by a clause.
    var isBlock: Bool { code == Self.blockedByPolicy }
}

extension Verdict {
    /// The clause and the reference in brackets, for callers to read: never
    /// more of what was found.
    package func grounds(namesClause: Bool) -> String {
        var grounds: [String] = []
        if namesClause, let clause = decisiveClause { grounds.append("clause \(clause)") }
        if let reference { grounds.append("reference \(reference)") }
        return grounds.isEmpty ? "" : " (\(grounds.joined(separator: ", ")))"
    }

    /// The clause that the ruling rests on.
    package var decisiveClause: String? {
        let action: Clause.Action? =
            switch ruling {
            case .block: .block
            case .withhold: .withhold
            case .flag: .flag
            case .allow, .error: nil
            }
        return (findings.first { $0.action == action } ?? findings.first)?.clause
    }

    /// Tells whether the verdict can be acted on: its ruling and its notes
    /// agree with each other and with what was judged.
    func isSound(for passages: RequestPassages) -> Bool {
        switch ruling {
        case .allow, .flag: return withheld.isEmpty
        case .withhold:
            let blocks = Set(passages.passages.map(\.block))
            return !withheld.isEmpty && withheld.keys.allSatisfy(blocks.contains)
        case .block, .error: return true
        }
    }
}
