import Conversation
import HoldfastServer
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
}
