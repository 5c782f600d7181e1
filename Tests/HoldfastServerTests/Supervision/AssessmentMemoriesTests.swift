import Conversation
import Gateway
import HoldfastServer
import NIOCore
import Supervision
import Testing

@Suite("The memory of judged texts, between tenants")
struct AssessmentMemoriesTests {
    @Test("a text is read once by tenant and policy, and never known to another's")
    func nothingIsShared() {
        let memories = AssessmentMemories()
        var read = 0
        func ask(_ tenant: String, _ policy: String, _ text: String = "hello") {
            _ = memories.memory(of: tenant, under: PolicyDigest(policy)).assessment(
                of: AssessedText(text, .user, after: 0)
            ) {
                read += 1
                return Assessment()
            }
        }
        ask("a", "p")
        ask("a", "p")
        #expect(read == 1)
        ask("b", "p")
        #expect(read == 2)
        ask("a", "q")
        #expect(read == 3)
        ask("a", "p", "hello ")
        #expect(read == 4)
        ask("a", "p")
        #expect(read == 4)
    }

    @Test("a verdict on a whole text is known to its tenant, policy and form alone")
    func verdictsAreNotShared() {
        let memories = AssessmentMemories()
        func memory(_ tenant: String, _ policy: String = "p") -> any VerdictMemory {
            memories.memory(of: tenant, under: PolicyDigest(policy))
        }
        let text = WholeText(.request, form: "openai ", body: ByteBuffer(string: "{}"))
        var verdict = Verdict(.flag)
        verdict.policy = PolicyDigest("p")
        memory("a").remember(verdict, of: memory("a").key(of: text))
        #expect(memory("a").verdict(of: memory("a").key(of: text))?.ruling == .flag)
        #expect(memory("b").verdict(of: memory("b").key(of: text)) == nil)
        #expect(memory("a", "q").verdict(of: memory("a", "q").key(of: text)) == nil)
        for other in [
            WholeText(.answer, form: "openai ", body: text.body), WholeText(.request, form: "openai", body: text.body),
            WholeText(.request, form: "openai ", aside: "x", body: text.body),
            WholeText(.request, form: "openai ", body: ByteBuffer(string: "{} ")),
        ] {
            #expect(memory("a").verdict(of: memory("a").key(of: other)) == nil)
        }
    }

    @Test("a verdict under a constitution that was edited meanwhile is not kept", arguments: ["q", nil])
    func editedMeanwhile(_ policy: String?) {
        let memory: any VerdictMemory = AssessmentMemories().memory(of: "a", under: PolicyDigest("p"))
        let key = memory.key(of: WholeText(.request, form: "openai ", body: ByteBuffer(string: "{}")))
        var verdict = Verdict(.allow)
        verdict.policy = policy.map { PolicyDigest($0) }
        memory.remember(verdict, of: key)
        #expect(memory.verdict(of: key) == nil)
    }
}
