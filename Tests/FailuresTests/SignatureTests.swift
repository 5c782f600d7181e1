import Failures
import NIOCore
import Testing
import Wire

/// A drill that says something else than what it is to rehearse.
@Suite struct SignatureTests {
    private static let dialects = ["openai", "anthropic", "engine"]

    @Test(arguments: Cause.allCases, dialects)
    func isReadAsItsCause(_ cause: Cause, _ dialect: String) {
        let signature = Signature.of(cause, dialect: dialect, model: "claude-opus-4-8 \"q\"")
        let symptom: Symptom
        switch signature.form {
        case .answer(let status, let fields, let body):
            symptom = Symptom(dialect: dialect, position: .head, status: status, fields: fields, body: body)
        case .unreachable: symptom = Symptom(position: .connect, transport: .unreachable)
        case .silent: symptom = Symptom(position: .connect, transport: .silent)
        case .cleanEnd: symptom = Symptom(position: .streamEnd, status: 200, transport: .clean)
        }
        let verdict = Classifier.standard.judge(symptom, now: 0)
        #expect(verdict.cause == cause)
        if cause == .withdrawn { #expect(verdict.evidence == .explicit) }
        if cause == .throttled { #expect(verdict.retryAfter == .seconds(7)) }
    }

    @Test(arguments: Cause.allCases, dialects)
    func isReadAsItsCauseInAStream(_ cause: Cause, _ dialect: String) throws {
        guard let bytes = Signature.event(cause, dialect: dialect, model: "m") else { return }
        var parser = SSEParser()
        parser.feed(bytes)
        let event = try #require(try parser.next())
        let symptom = Symptom(dialect: dialect, position: .stream, status: 200, body: event.data, hadContent: true)
        let verdict = Classifier.standard.judge(symptom, now: 0)
        #expect(verdict.cause == cause, "\(verdict)")
    }
}
