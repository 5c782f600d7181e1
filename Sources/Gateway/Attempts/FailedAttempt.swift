import Conversation
import Failures
import NIOCore
import Wire

/// One candidate gave no usable answer, and the caller has heard nothing yet.
struct FailedAttempt: Error {
    /// The answer of the failed attempt that can be passed on if no candidate
    /// serves.
    enum Answer {
        /// A no, with its body.
        case answer(ResponseHead, ByteBuffer)
        /// A whole answer that is a refusal.
        case whole(ResponseHead, ByteBuffer)
        /// An error inside a stream.
        case event(ProviderError)
        case lane(LaneFailure)
    }

    var symptom: Symptom
    var answer: Answer

    init(_ symptom: Symptom, _ answer: Answer) {
        self.symptom = symptom
        self.answer = answer
    }

    init(_ failure: LaneFailure, dialect: String) {
        symptom = Symptom(failure, dialect: dialect, hasBegun: false)
        answer = .lane(failure)
    }

    /// True when the same request could succeed there a moment later. A failure
    /// because of something that Holdfast itself lacks or forbids would stay
    /// the same.
    var mayBeChance: Bool {
        switch answer {
        case .lane(.overloaded), .lane(.notReady), .lane(.usedUp), .lane(.ownShortage): false
        case .answer, .whole, .event, .lane: true
        }
    }

    /// True for an answer with which a provider refuses a credential, or what
    /// its owner may do.
    var refusesCredential: Bool {
        if case .answer(let head, _) = answer { head.status == 401 || head.status == 403 } else { false }
    }

    /// The provider's error; nil where it gave none.
    func error(at provider: Provider, for door: any CallerProtocol) -> ProviderError? {
        switch answer {
        case .answer(let head, let body):
            provider.dialect(for: door).decodeError(status: Int(head.status), body: body)
        case .event(let error): error
        case .whole, .lane: nil
        }
    }

    /// One word for logs.
    var word: String {
        switch answer {
        case .answer(let head, _): "status_\(head.status)"
        case .whole: "refused"
        case .event: "provider_error"
        case .lane(let failure): failure.word
        }
    }
}

extension Symptom {
    /// - Parameter hasBegun: True when the caller has received some of the
    ///   answer.
    init(_ failure: LaneFailure, dialect: String, hasBegun: Bool) {
        let position: Position
        let transport: Transport
        switch failure {
        case .unreachable, .connectTimeout: (position, transport) = (.connect, .unreachable)
        case .closedBeforeHead: (position, transport) = (.connect, .closed)
        case .firstByteTimeout: (position, transport) = (.connect, .silent)
        case .firstTokenTimeout, .stalled, .totalTimeout: (position, transport) = (.body, .silent)
        case .cut: (position, transport) = (.streamEnd, .cut)
        case .garbage: (position, transport) = (.body, .garbage)
        case .damaged: (position, transport) = (.body, .damaged)
        // Ours: an engine that starts, a queue that is full.
        case .overloaded, .notReady, .usedUp, .ownShortage: (position, transport) = (.head, .unreachable)
        }
        self.init(
            dialect: dialect, position: position, status: position == .body || position == .streamEnd ? 200 : 0,
            transport: transport, hadContent: hasBegun)
    }
}
