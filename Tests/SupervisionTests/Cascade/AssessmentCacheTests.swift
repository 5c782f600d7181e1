import Conversation
import Seeded
import Supervision
import Synchronization
import Testing

@Suite("The memory of texts that were judged")
struct AssessmentCacheTests {
    /// A memory as the server has it, which counts what it has to have read.
    private final class Memory: AssessmentMemory {
        private let state: Mutex<(cache: AssessmentCache, read: Int)>
        private let keys = WindowKeyMaker().keys(of: "a", under: PolicyDigest("p"))

        init(bytes: Int = 1 << 20) { state = Mutex((AssessmentCache(bytes: bytes), 0)) }

        var read: Int { state.withLock { $0.read } }
        var count: Int { state.withLock { $0.cache.count } }

        func assessment(of text: AssessedText, or make: () -> Assessment) -> Assessment {
            let key = keys.key(of: text)
            if let known = state.withLock({ $0.cache.assessment(of: key) }) { return known }
            let made = make()
            state.withLock {
                $0.cache.remember(key, made)
                $0.read += 1
            }
            return made
        }
    }

    private let cascade = Cascade(Fixtures.constitution, classifier: CountingClassifier())

    @Test("a remembered text is judged as a new one, at every turn of a conversation", arguments: 0..<200)
    func requestsAlike(seed: UInt64) {
        var chance = SplitMix(seed: seed)
        // Small enough to forget some of it now and then.
        let memory = Memory(bytes: Int.random(in: 200...40_000, using: &chance))
        let remembering = cascade.remembering(memory)
        let parts = CascadeProperties.conversation(&chance)
        for length in [parts.count] + Array(1...parts.count) {
            let request = Fixtures.request(Array(parts.prefix(length)))
            let (expected, found) = (cascade.judge(request), remembering.judge(request))
            #expect(found.verdict == expected.verdict)
            #expect(found.windows == expected.windows)
        }
    }

    @Test("an answer that came before is judged as a new one", arguments: 0..<100)
    func answersAlike(seed: UInt64) {
        var chance = SplitMix(seed: seed)
        let remembering = cascade.remembering(Memory())
        let text = CascadeProperties.text(&chance, most: 200)
        for _ in 0..<2 {
            var (one, other) = (cascade.beginAnswer(), remembering.beginAnswer())
            let pieces: [AnswerPiece] = [.text(block: 0, .answer, text), .blockEnded(0)]
            #expect(one.take(pieces, isEnd: true) == other.take(pieces, isEnd: true))
            #expect(one.takeDueWindows() == other.takeDueWindows())
        }
    }

    @Test("a conversation that goes on has only its new text read")
    func onlyNewTextIsRead() {
        let memory = Memory()
        let remembering = cascade.remembering(memory)
        let long = (0..<4000).map { "line \($0) of a file" }.joined(separator: "\n")
        var parts: [Fixtures.Part] = [
            .init(.user, 0, "read it"), .init(.toolCall, 1, "read"), .init(.toolResult, 2, long),
        ]
        _ = remembering.judge(Fixtures.request(parts))
        let first = memory.read
        _ = remembering.judge(Fixtures.request(parts))
        #expect(memory.read == first)
        parts += [.init(.answer, 3, "It has 4000 lines."), .init(.user, 4, "thanks")]
        _ = remembering.judge(Fixtures.request(parts))
        // Two new texts, and the seams to those of their scopes before.
        #expect(memory.read - first <= 6)
    }

    @Test("a text in another scope, behind more words, or of another tenant or policy has another key")
    func keysDiffer() {
        let maker = WindowKeyMaker()
        let keys = maker.keys(of: "a", under: PolicyDigest("p"))
        let text = AssessedText("text", .user, after: 1, share: 1)
        var others = [text, text, text, text, text, text]
        others[0].scope = .document
        others[1].after = 2
        others[2].isWhole = false
        others[3].windows = .cut
        others[4].share = 0.5
        others[5].text = "texts"
        let key = keys.key(of: text)
        for other in others { #expect(keys.key(of: other) != key) }
        #expect(maker.keys(of: "b", under: PolicyDigest("p")).key(of: text) != key)
        #expect(maker.keys(of: "a", under: PolicyDigest("q")).key(of: text) != key)
        // The same characters, parted elsewhere.
        #expect(maker.keys(of: "ap", under: PolicyDigest("")).key(of: text) != key)
        #expect(WindowKeyMaker().keys(of: "a", under: PolicyDigest("p")).key(of: text) != key)
        #expect(maker.keys(of: "a", under: PolicyDigest("p")).key(of: text) == key)
    }

    @Test("no more is kept than the bound, and what is used stays")
    func bounded() {
        let keys = WindowKeyMaker().keys(of: "a", under: PolicyDigest("p"))
        func key(_ number: Int) -> WindowKey { keys.key(of: AssessedText("\(number)", .user, after: 0)) }
        let one = Assessment()
        let bytes = 100 * (one.bytes + 64)
        var cache = AssessmentCache(bytes: bytes)
        for number in 0..<10_000 {
            cache.remember(key(number), one)
            #expect(cache.assessment(of: key(0)) == one)
            #expect(cache.count <= 101)
        }
        #expect(cache.assessment(of: key(1)) == nil)
        var none = AssessmentCache(bytes: 0)
        none.remember(key(0), one)
        #expect(none.count == 0)
    }

    @Test("a broken classifier's scores are never remembered")
    func brokenIsForgotten() {
        let memory = Memory()
        let broken = Cascade(Fixtures.constitution, classifier: BrokenClassifier()).remembering(memory)
        for _ in 0..<2 {
            #expect(broken.judge(Fixtures.request(.init(.user, 0, "hello"))).verdict.ruling == .error)
        }
        #expect(memory.count == 0)
    }
}
