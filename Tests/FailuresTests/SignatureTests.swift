import Conversation
import Failures
import NIOCore
import Testing
import Wire

/// A drill that says something else than what it is to rehearse.
@Suite struct SignatureTests {
    @Test(arguments: Cause.allCases, ErrorVocabulary.allCases)
    func isReadAsItsCause(_ cause: Cause, _ vocabulary: ErrorVocabulary) {
        let signature = Signature.of(cause, in: vocabulary, model: "claude-opus-4-8 \"q\"")
        let symptom: Symptom
        switch signature.form {
        case .answer(let status, let fields, let body):
            symptom = Symptom(dialect: vocabulary.rawValue, position: .head, status: status, fields: fields, body: body)
        case .unreachable: symptom = Symptom(position: .connect, transport: .unreachable)
        case .silent: symptom = Symptom(position: .connect, transport: .silent)
        case .cleanEnd: symptom = Symptom(position: .streamEnd, status: 200, transport: .clean)
        }
        let verdict = Classifier.standard.judge(symptom, now: 0)
        #expect(verdict.cause == cause)
        if cause == .withdrawn { #expect(verdict.evidence == .explicit) }
        if cause == .throttled { #expect(verdict.retryAfter == .seconds(7)) }
    }

    @Test(arguments: Cause.allCases, ErrorVocabulary.allCases)
    func isReadAsItsCauseInAStream(_ cause: Cause, _ vocabulary: ErrorVocabulary) throws {
        guard let bytes = Signature.event(cause, in: vocabulary, model: "m") else { return }
        var parser = FrameParser(vocabulary == .bedrock ? .eventStream : .serverSentEvents)
        parser.feed(bytes)
        let event = try #require(try parser.next())
        var symptom = Symptom(
            dialect: vocabulary.rawValue, position: .stream, status: 200, body: event.data, hadContent: true)
        if event.isException { symptom.exception = event.name }
        let verdict = Classifier.standard.judge(symptom, now: 0)
        #expect(verdict.cause == cause, "\(verdict)")
    }
}
