import Failures
import NIOCore
import Testing
import Wire

/// The parts of a verdict beside its cause.
struct ClassifierTests {
    /// Sun, 06 Nov 1994 08:49:00 GMT.
    private static let now = 784_111_740

    private func judge(_ status: Int, _ message: String, fields: [(String, String)] = []) -> Verdict {
        var list = HTTPFieldList()
        for (name, value) in fields { list.append(name, value) }
        var json = "{\"error\":{\"message\":\""
        for scalar in message.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\n": json += "\\n"
            default: json.unicodeScalars.append(scalar)
            }
        }
        json += "\"}}"
        let symptom = Symptom(position: .head, status: status, fields: list, body: ByteBuffer(string: json))
        return Classifier.standard.judge(symptom, now: Self.now)
    }

    @Test(arguments: [
        ("retry-after", "7", Duration.seconds(7)), ("retry-after", "0.5", .milliseconds(500)),
        ("retry-after-ms", "350", .milliseconds(350)), ("x-ms-retry-after-ms", "1200", .milliseconds(1200)),
        ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", .seconds(37)),
        ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT", .zero),
    ]) func aHeaderSaysWhen(_ name: String, _ value: String, _ wait: Duration) {
        #expect(judge(429, "Rate limit", fields: [(name, value)]).retryAfter == wait)
    }

    @Test(arguments: [
        ("Please try again in 2s.", Duration.seconds(2)), ("Please try again in 350ms.", .milliseconds(350)),
        ("Please try again in 1m3s. Visit x", .seconds(63)), ("try again in 7.66s", .milliseconds(7660)),
        ("Please retry after 20 seconds.", .seconds(20)), ("Please retry in 34.5s.", .milliseconds(34500)),
        ("try again in 1h2m", .seconds(3720)),
    ]) func wordsSayWhen(_ words: String, _ wait: Duration) {
        #expect(judge(429, "Rate limit reached. \(words)").retryAfter == wait)
    }

    @Test(arguments: [
        "", "-1", "nan", "inf", "1e400", "soon", "99999999999999999999", "Sun, 06 Nov 19940 08:49:37 GMT",
    ])
    func aHeaderThatSaysNothingIsNoWait(_ value: String) {
        #expect(judge(429, "Rate limit", fields: [("retry-after", value)]).retryAfter == nil)
    }

    @Test func googlesRetryInfoIsReadAndNotQuoted() {
        let body = ByteBuffer(
            string: #"""
                {"error":{"code":429,"message":"Slow.","status":"RESOURCE_EXHAUSTED","details":[
                {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}]}}
                """#)
        let verdict = Classifier.standard.judge(Symptom(position: .head, status: 429, body: body), now: 0)
        #expect(verdict.retryAfter == .milliseconds(34500))
        #expect(verdict.words == "Slow.")
    }

    @Test func aBadKeyIsNotToldToWait() {
        #expect(judge(401, "Invalid API key", fields: [("retry-after", "5")]).retryAfter == nil)
    }

    @Test(arguments: [
        "sk-proj-abc", "key=sk-live1234", "Bearer abc123", "\"AIzaSyA1234\"", "https://x.test/?key=AIzaSyA1234",
        "0123456789abcdef0123456789abcdef", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY=",
    ]) func secretsAreLeftOut(_ secret: String) {
        let words = judge(401, "Invalid API key: \(secret) is wrong").words
        #expect(words.contains("[…]"))
        for piece in ["abc", "live1234", "AIza", "0123456789", "QUJD"] { #expect(!words.contains(piece)) }
    }

    @Test func modelsAndAddressesStay() {
        let said =
            "The model `meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8` is gone: https://x.test/docs/deprecations"
        #expect(judge(404, said).words == said)
    }

    @Test func wordsAreOneLineAndShort() {
        let verdict = judge(400, "a\nb\u{85}c " + String(repeating: "word ", count: 500))
        #expect(verdict.words.hasPrefix("a b c word"))
        #expect(verdict.words.count <= 300)
        #expect(judge(400, String(repeating: "é", count: 5000)).words.count <= 300)
    }

    @Test func promptsAreNotQuoted() {
        let prompt = String(repeating: "my secret plan ", count: 10)
        #expect(judge(400, "Bad value \"\(prompt)\" here").words == "Bad value \"[…]\" here")
        #expect(!judge(400, "Bad value `\(prompt)").words.contains("plan"))
    }

    @Test(arguments: [
        ("tools.0.model: Claude Mythos 5 is not available.", "tools.0.model"),
        ("`agents[2].config.model` names model x, which does not exist", "agents[2].config.model"),
    ]) func theFieldIsNamed(_ message: String, _ field: String) {
        let verdict = judge(400, message)
        #expect(verdict.cause == .nestedReference)
        #expect(verdict.field == field)
    }

    @Test(arguments: ["model: claude-3-opus does not exist", "request.model: x does not exist", "body.model not found"])
    func theRequestsOwnModelIsNotNested(_ message: String) {
        #expect(judge(404, message).cause == .withdrawn)
    }

    @Test func whatNobodyKnowsIsBroken() {
        let verdict = Classifier.standard.judge(Symptom(position: .head, status: 999), now: 0)
        #expect(verdict.rule == "unknown")
        #expect(verdict.cause == .broken)
        #expect(verdict.scope == .model)
    }

    @Test(arguments: ["[]", "{}", #"{"position":"nowhere"}"#, "3"])
    func aLineThatIsNoFailureIsRefused(_ line: String) throws {
        let document = try JSONDocument(line)
        #expect(throws: RecordedFailure.Problem.self) { try RecordedFailure(line: document) }
    }
}
