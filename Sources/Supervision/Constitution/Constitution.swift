/// A written constitution: the clauses by which the supervisor judges.
///
/// Supervision is the judgement of texts: passages of a request and pieces
/// of an answer come in as an ``Exhibit``, and a ``Verdict`` goes out, which
/// names the clauses that were broken. Nothing in this module waits, reads a
/// file or knows a clock.
package struct Constitution: Sendable, Hashable {
    /// For records: `holdfast-default`.
    package var name: String
    /// In the order of the document; ids are unique.
    package var clauses: [Clause]

    package init(name: String, clauses: [Clause]) {
        self.name = name
        self.clauses = clauses
    }

    package func clause(_ id: String) -> Clause? { clauses.first { $0.id == id } }
}
