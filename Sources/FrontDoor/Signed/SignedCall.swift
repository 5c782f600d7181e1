import AWSSigning
import Access
import Conversation
import Gateway
import NIOCore
import Wire

/// A signed call whose body comes in: it is counted and hashed as it arrives,
/// and becomes a call only when the signature is right.
// Touched on its connection's event loop only.
final class SignedCall: UnprovenRequest, @unchecked Sendable {
    private let doors: Doors
    private let draft: CallDraft
    private let signed: SignedHead
    private let account: UnprovenBodies.Account
    private var hash = SigV4PayloadHash()
    private var held = 0

    init(_ doors: Doors, _ draft: CallDraft, _ signed: SignedHead, from peer: ConnectionPeer) {
        self.doors = doors
        self.draft = draft
        self.signed = signed
        account = UnprovenBodies.Account(key: signed.keyID, address: peer.address)
    }

    package func take(_ piece: ByteBuffer) -> BodyFault? {
        if let scope = doors.unproven.take(piece.readableBytes, for: account) { return .unproven(scope) }
        held += piece.readableBytes
        hash.update(piece)
        return nil
    }

    package func prove() -> ProofOutcome {
        switch signed.principal(hash.finish()) {
        case .success(let principal): return .proven(PendingCall(doors, draft.door, draft.call(of: principal)))
        case .failure(let problem): return .refused(refuse(problem))
        }
    }

    package func letGo() {
        doors.unproven.giveBack(held, of: account)
        held = 0
    }

    package func refusal(_ fault: BodyFault) -> Answer { refuse(fault.problem) }

    private func refuse(_ problem: APIProblem) -> Answer {
        var answer = doors.refuse(problem, draft.door, draft.id, operation: draft.entrance.operation.name)
        answer.head.fields.add(missing: draft.answerFields)
        return answer
    }
}

/// A call but for its caller and its body.
struct CallDraft: Sendable {
    let id: String
    let entrance: Entrance
    let path: CalledPath
    let query: String
    /// The caller's fields that a provider may see.
    let forwarded: HTTPFieldList
    let marks: AgentMarks
    let credential: CallerCredential?
    let answerFields: HTTPFieldList
    let executor: EventLoopTaskExecutor
    let arrived: NIODeadline

    var door: Door { entrance.door }

    func call(of principal: Principal) -> Call {
        let call = Call(
            id: id, operation: entrance.operation, door: door.dialect, path: path, principal: principal,
            fields: forwarded, query: query, body: ByteBuffer(), executor: executor, arrived: arrived)
        call.answerFields = answerFields
        call.marks = marks
        call.credential = credential
        return call
    }
}
