package import Conversation
package import Supervision

/// An independent judge of all that models read and write.
///
/// Nothing here throws: whatever goes wrong is a verdict of the ruling
/// `error`, which the gateway never takes for `allow`.
package protocol Supervisor: Sendable {
    /// The hash of the constitution and of all weights that judge by it, in
    /// force now.
    var policy: PolicyDigest { get }
    /// Judges a request.
    func judge(_ exhibit: Exhibit) async -> Verdict
    /// Begins to judge the answer to a request.
    func makeAnswerJudge(for exhibit: Exhibit) -> any AnswerJudge
    /// The verdicts on requests that a tenant has sent before, under the policy
    /// in force; nil where none are kept, and while the supervisor fails.
    func memory(of tenant: String) -> (any VerdictMemory)?
}

extension Supervisor {
    package func memory(of tenant: String) -> (any VerdictMemory)? { nil }
}

/// The judgement of one answer while it comes. Belongs to the request's task.
package protocol AnswerJudge: AnyObject {
    /// Judges an answer up to and with these pieces, all of which belong to it
    /// behind those of earlier calls.
    /// - Parameters:
    ///   - pieces: The text that waits to be released, in order.
    ///   - isEnd: True once nothing follows.
    /// - Returns: The verdict on all of the answer so far.
    func judge(_ pieces: [AnswerPiece], isEnd: Bool) async -> Verdict
}
