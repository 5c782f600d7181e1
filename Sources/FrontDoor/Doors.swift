package import Access
import Conversation
import Encodings
package import Gateway
package import NIOCore
package import NIOHTTP1
import Routing
import Wire

/// The parts of the server's state that the doors show.
package struct HouseView: Sendable {
    /// Nil when requests can be served, otherwise what is missing.
    package var unready: @Sendable () -> [String]
    /// Prometheus text, nil where `/metrics` is on the admin listener.
    package var metrics: (@Sendable () -> ByteBuffer)?
    /// True when `/metrics` needs an admin key.
    package var metricsNeedKey: Bool
    /// A public file of the ledger by its path below `/ledger/`; nil where the
    /// ledger isn't served here.
    package var ledgerFile: (@Sendable (String) -> ByteBuffer?)?
    /// The public status of models and hosts; nil where the status page is
    /// switched off.
    package var status: @Sendable (StatusForm) -> ByteBuffer?

    package enum StatusForm: Sendable {
        case json, page
        /// The suspensions in force, as a signed note.
        case suspensions
    }

    package init(
        unready: @escaping @Sendable () -> [String], metrics: (@Sendable () -> ByteBuffer)? = nil,
        metricsNeedKey: Bool = true, ledgerFile: (@Sendable (String) -> ByteBuffer?)? = nil,
        status: @escaping @Sendable (StatusForm) -> ByteBuffer? = { _ in nil }
    ) {
        self.unready = unready
        self.metrics = metrics
        self.metricsNeedKey = metricsNeedKey
        self.ledgerFile = ledgerFile
        self.status = status
    }
}

/// The applications' listener: one address, with a door for each dialect.
///
/// A ``Door`` is the part of the HTTP surface that speaks one API. The listener
/// decides on each request by its head: it answers
/// public pages itself, checks the key, refuses what needs no body to be
/// refused, and gives the rest to the ``Gateway`` as a call, with the door
/// that it came through. The answer, and every refusal, is in that door's
/// dialect.
package final class Doors: RequestAdmission {
    /// The door in whose dialect everything is answered that is no door's own.
    let standard: Door
    /// The other doors whose clients send a header field of their own.
    private let marked: [(field: String, door: Door)]
    let table: AddressTable
    let gateway: Gateway
    let view: HouseView
    let origins: OriginPolicy
    /// The memory of bodies whose signatures are not checked yet.
    let unproven: UnprovenBodies
    let time: @Sendable () -> UnixTime
    private let credentials: Credentials
    private let signatures: SignatureCheck

    /// - Parameters:
    ///   - standard: The door in whose dialect everything is answered that is
    ///     no door's own, unless a field of another door's clients is there.
    ///   - others: The other doors, in the order in which they are listed.
    package init(
        _ gateway: Gateway, standard: Door, others: [Door] = [], view: HouseView,
        origins: OriginPolicy = OriginPolicy(),
        unproven: UnprovenBodies = UnprovenBodies(bodies: ConnectionLimits().bodies),
        time: @escaping @Sendable () -> UnixTime
    ) {
        self.gateway = gateway
        self.standard = standard
        marked = others.compactMap { door in door.dialect.markerField.map { ($0, door) } }
        table = AddressTable([standard] + others)
        self.view = view
        self.origins = origins
        self.unproven = unproven
        self.time = time
        credentials = Credentials(keys: gateway.keys, time: time)
        signatures = SignatureCheck(keys: gateway.keys, time: time)
    }

    // MARK: By the head

    package func receive(
        _ head: HTTPRequestHead, from peer: ConnectionPeer, on executor: EventLoopTaskExecutor
    ) -> AdmissionDecision {
        let target = RequestTarget(head.uri)
        let id = RequestID.make()
        guard let rules = origins.current else { return receive(head, target, id, HTTPFieldList(), peer, executor) }
        let origin = rules.allowedOrigin(head.headers)
        if let objection = rules.objection(to: head.headers, authority: target.authority) {
            return .answer(refuse(CrossOrigin.problem(objection), door(for: table.address(target.path), head), id))
        }
        if let origin, CrossOrigin.isPreflight(head) {
            return .answer(CrossOrigin.preflightAnswer(for: origin, head.headers, id: id))
        }
        let fields = CrossOrigin.fields(for: rules.origins.isEmpty ? nil : origin)
        let decision = receive(head, target, id, fields, peer, executor)
        guard case .answer(var answer) = decision else { return decision }
        answer.head.fields.add(missing: fields)
        return .answer(answer)
    }

    /// - Parameter fields: for the answer, whoever gives it.
    private func receive(
        _ head: HTTPRequestHead, _ target: RequestTarget, _ id: String, _ fields: HTTPFieldList,
        _ peer: ConnectionPeer, _ executor: EventLoopTaskExecutor
    ) -> AdmissionDecision {
        let arrived = NIODeadline.now()
        let address = table.address(target.path)
        if let answer = openAnswer(address, head, id) { return .answer(answer) }
        let door = door(for: address, head)
        var draft: CallDraft?
        if case .call(let entrance, let path) = address, head.method == .POST {
            let (forwarded, marks) = forwarded(head)
            draft = CallDraft(
                id: id, entrance: entrance, path: path, query: target.query, forwarded: forwarded, marks: marks,
                credential: credentials.callersOwn(head.headers), answerFields: fields, executor: executor,
                arrived: arrived)
        }
        switch credentials.authenticate(head.headers) {
        case .success(let principal):
            guard let draft else { return .answer(answer(address, target, head, principal, door, id)) }
            guard !principal.isAdmin else { return .answer(refuse(.adminKey, door, id, principal)) }
            return .call(PendingCall(self, door, draft.call(of: principal)))
        case .failure(let problem):
            guard SignatureCheck.isMeant(by: head.headers, target) else { return .answer(refuse(problem, door, id)) }
            switch signatures.claim(head, target, from: peer) {
            case .failure(let problem): return .answer(refuse(problem, door, id))
            case .success(let signed):
                if let draft {
                    guard head.headers.contains(name: "content-length") else {
                        return .answer(refuse(.lengthMissing, door, id))
                    }
                    return .unproven(SignedCall(self, draft, signed, from: peer))
                }
                switch signed.principalWithoutBody() {
                case .success(let principal): return .answer(answer(address, target, head, principal, door, id))
                case .failure(let problem): return .answer(refuse(problem, door, id))
                }
            }
        }
    }

    /// Returns the fields of a head that a provider may see, and the marks of
    /// agents in it.
    private func forwarded(_ head: HTTPRequestHead) -> (HTTPFieldList, AgentMarks) {
        var forwarded = HTTPFieldList()
        var marks = AgentMarks()
        for (name, value) in head.headers where HTTPFieldRules.mayBeForwarded(name) || AgentMarks.mayBe(name) {
            let name = name.lowercased()
            if HTTPFieldRules.isForwardedToProvider(name) { forwarded.append(name, value) }
            marks.note(name, value)
        }
        return (forwarded, marks)
    }

    /// Returns the answer to a request of which no body is taken.
    private func answer(
        _ address: Address, _ target: RequestTarget, _ head: HTTPRequestHead, _ principal: Principal, _ door: Door,
        _ id: String
    ) -> Answer {
        if case .call = address { return wrongMethod(door, head, "POST", id, principal) }
        return keyedAnswer(address, target, head, principal, door, id)
    }

    /// Returns the answer to a request that needs no key; nil for all others.
    private func openAnswer(_ address: Address, _ head: HTTPRequestHead, _ id: String) -> Answer? {
        if head.method == .CONNECT { return refuseTunnel(id) }
        let isLook = head.method == .GET || head.method == .HEAD
        switch address {
        case .root where isLook: return greeting(id)
        case .health: return standard.answer(ByteBuffer(string: #"{"status":"ok"}"#), id: id)
        case .ready: return readiness(id)
        case .ledger(let file) where view.ledgerFile != nil && isLook: return ledgerAnswer(file, id)
        case .status(let form) where isLook: return statusAnswer(form, id)
        case .metrics where view.metrics != nil && !view.metricsNeedKey: return metricsAnswer(id)
        default: return nil
        }
    }

    /// Returns the answer to a request that needs a key and no body.
    private func keyedAnswer(
        _ address: Address, _ target: RequestTarget, _ head: HTTPRequestHead, _ principal: Principal, _ door: Door,
        _ id: String
    ) -> Answer {
        let path = target.path
        switch address {
        case .models, .model:
            guard head.method == .GET || head.method == .HEAD else {
                return wrongMethod(door, head, "GET, HEAD", id, principal)
            }
            return models(address, path, principal, door, id)
        case .catalogue(let entrance, let called):
            guard head.method == .GET || head.method == .HEAD else {
                return wrongMethod(door, head, "GET, HEAD", id, principal)
            }
            return catalogue(entrance, called, target.query, principal, id)
        case .metrics where view.metrics != nil:
            guard principal.isAdmin else {
                return refuse(APIProblem(.forbidden, "/metrics needs an admin key."), door, id, principal)
            }
            return metricsAnswer(id)
        case .root: return wrongMethod(door, head, "GET, HEAD", id, principal)
        default:
            return refuse(table.absence(at: path) ?? notFound(path), door, id, principal)
        }
    }

    /// Returns the door whose dialect an answer to this request is given in.
    private func door(for address: Address, _ head: HTTPRequestHead) -> Door {
        switch address {
        case .call(let entrance, _): return entrance.door
        case .catalogue(let entrance, _): return entrance.door
        default: break
        }
        return marked.first { head.headers.contains(name: $0.field) }?.door ?? standard
    }
}

/// A request of which the head was good.
final class PendingCall: PendingRequest {
    let doors: Doors
    let door: Door
    /// Without its body.
    let call: Call

    init(_ doors: Doors, _ door: Door, _ call: Call) {
        self.doors = doors
        self.door = door
        self.call = call
    }

    package func serve(body: ByteBuffer, reply: any CallerReply) async {
        call.body = body
        await doors.gateway.serve(call, reply: reply)
    }

    package func refusal(_ fault: BodyFault) -> Answer {
        var answer = doors.refuse(fault.problem, door, call.id, call.principal, operation: call.operation.name)
        answer.head.fields.add(missing: call.answerFields)
        return answer
    }
}
