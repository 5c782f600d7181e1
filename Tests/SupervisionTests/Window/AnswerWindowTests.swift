import Conversation
import Seeded
import Supervision
import Testing

/// The window of an answer, by events on a clock that tests move by hand.
@Suite struct AnswerWindowTests {
    private static func ms(_ count: Int) -> Duration { .milliseconds(count) }

    private static func text(_ count: Int, block: Int = 0) -> [AnswerPiece] {
        [.text(block: block, .answer, String(repeating: "a", count: count))]
    }

    private static let call = [AnswerPiece.text(block: 1, .toolCall, "{}")]

    private static func window(_ change: (inout AnswerWindow.Rules) -> Void = { _ in }) -> AnswerWindow {
        var rules = AnswerWindow.Rules()
        rules.text = 10
        rules.wait = ms(250)
        rules.silence = ms(5000)
        rules.most = 1000
        change(&rules)
        return AnswerWindow(rules)
    }

    // MARK: Text

    @Test func textWaitsUntilThereIsEnoughOfIt() {
        var window = Self.window()
        window.take(Self.text(4), bytes: 4, at: .zero)
        #expect(window.next(at: .zero) == .wait(until: Self.ms(250)))
        window.take(Self.text(6), bytes: 6, at: Self.ms(10))
        #expect(window.next(at: Self.ms(10)) == .judge(Self.text(10), isEnd: false))
        window.cleared()
        #expect(window.next(at: Self.ms(10)) == .release(2))
        #expect(window.next(at: Self.ms(10)) == .wait(until: nil))
    }

    @Test func textWaitsNoLongerThanItMay() {
        var window = Self.window()
        window.take(Self.text(1), bytes: 1, at: Self.ms(100))
        window.take(Self.text(1), bytes: 1, at: Self.ms(300))
        #expect(window.next(at: Self.ms(349)) == .wait(until: Self.ms(350)))
        #expect(window.next(at: Self.ms(350)) == .judge(Self.text(2), isEnd: false))
    }

    @Test func textThatWasNotClearedStays() {
        var window = Self.window()
        window.take(Self.text(10), bytes: 10, at: .zero)
        #expect(window.next(at: .zero) == .judge(Self.text(10), isEnd: false))
        #expect(window.refuse() == 0)
        #expect(window.next(at: .zero) == .done && window.count == 0)
    }

    @Test func aCutHasWhatIsHeldJudgedAtOnce() {
        var window = Self.window()
        window.take(Self.text(1), bytes: 1, at: .zero)
        window.hurry()
        #expect(window.next(at: .zero) == .judge(Self.text(1), isEnd: false))
        window.cleared()
        #expect(window.next(at: .zero) == .release(1))
        // It was for that once.
        window.take(Self.text(1), bytes: 1, at: .zero)
        #expect(window.next(at: .zero) == .wait(until: nil) || window.next(at: .zero) == .wait(until: Self.ms(250)))
    }

    // MARK: Frames without text

    @Test func nothingBeginsBeforeTheFirstVerdict() {
        var window = Self.window()
        window.take([], bytes: 5, at: .zero)
        #expect(window.next(at: .zero) == .wait(until: Self.ms(5000)))
        window.take(Self.text(10), bytes: 10, at: .zero)
        #expect(window.next(at: .zero) == .judge(Self.text(10), isEnd: false))
        window.cleared()
        #expect(window.next(at: .zero) == .release(2))
        window.take([], bytes: 5, at: .zero)
        #expect(window.next(at: .zero) == .release(1))
    }

    @Test func framesWithoutTextKeepTheirPlace() {
        var window = Self.window()
        window.take(Self.text(3), bytes: 3, at: .zero)
        window.take([.blockEnded(0)], bytes: 1, at: .zero)
        window.take([], bytes: 1, at: .zero)
        #expect(window.next(at: .zero) == .wait(until: Self.ms(250)))
        #expect(window.next(at: Self.ms(250)) == .judge(Self.text(3) + [.blockEnded(0)], isEnd: false))
        window.cleared()
        #expect(window.next(at: Self.ms(250)) == .release(3))
    }

    @Test func aRefusalFollowsTheFramesThatHaveNoText() {
        var window = Self.window()
        window.take([], bytes: 1, at: .zero)
        window.take([], bytes: 1, at: .zero)
        window.take(Self.text(10), bytes: 10, at: .zero)
        _ = window.next(at: .zero)
        #expect(window.refuse() == 2)
    }

    // MARK: Tool calls

    @Test func aToolCallIsJudgedWhole() {
        var window = Self.window()
        window.take(Self.text(2), bytes: 2, at: .zero)
        for _ in 0..<20 { window.take(Self.call, bytes: 2, at: .zero) }
        // The text before it goes; of the call, nothing.
        #expect(window.next(at: Self.ms(250)) == .judge(Self.text(2), isEnd: false))
        window.cleared()
        #expect(window.next(at: Self.ms(250)) == .release(1))
        #expect(window.next(at: Self.ms(1000)) == .wait(until: Self.ms(5250)))
        window.take([.blockEnded(1)], bytes: 1, at: Self.ms(1000))
        let whole = [AnswerPiece.text(block: 1, .toolCall, String(repeating: "{}", count: 20)), .blockEnded(1)]
        #expect(window.next(at: Self.ms(1000)) == .judge(whole, isEnd: false))
        window.cleared()
        #expect(window.next(at: Self.ms(1000)) == .release(21))
    }

    @Test func theClientHearsThatItsConnectionLives() {
        var window = Self.window()
        window.take(Self.text(10), bytes: 1, at: .zero)
        _ = window.next(at: .zero)
        window.cleared()
        _ = window.next(at: .zero)
        window.take(Self.call, bytes: 1, at: Self.ms(9000))
        #expect(window.next(at: Self.ms(9000)) == .wait(until: Self.ms(14000)))
        #expect(window.next(at: Self.ms(14000)) == .keepAlive)
        #expect(window.next(at: Self.ms(14000)) == .wait(until: Self.ms(19000)))
    }

    @Test func whatAClientReadsFirstGoesBeforeASign() {
        var window = Self.window()
        window.take([], bytes: 1, at: .zero)
        window.take(Self.call, bytes: 1, at: .zero)
        #expect(window.next(at: Self.ms(5000)) == .release(1))
        #expect(window.next(at: Self.ms(10000)) == .keepAlive)
    }

    // MARK: The end

    @Test func theEndIsJudgedOnceMore() {
        var window = Self.window()
        window.take(Self.text(10), bytes: 10, at: .zero)
        _ = window.next(at: .zero)
        window.cleared()
        #expect(window.next(at: .zero) == .release(1))
        window.take([.ended], bytes: 5, finishes: true, at: .zero)
        window.finish()
        #expect(window.next(at: .zero) == .judge([.ended], isEnd: true))
        window.cleared()
        #expect(window.next(at: .zero) == .release(1))
        #expect(window.next(at: .zero) == .done)
    }

    @Test func theReasonOfTheEndWaitsForTheLastVerdict() {
        var window = Self.window()
        window.take(Self.text(10), bytes: 10, at: .zero)
        window.take([.blockEnded(0)], bytes: 5, finishes: true, at: .zero)
        window.take([], bytes: 5, finishes: true, at: .zero)
        #expect(window.next(at: .zero) == .judge(Self.text(10), isEnd: false))
        window.cleared()
        #expect(window.next(at: .zero) == .release(1))
        #expect(window.next(at: Self.ms(250)) == .wait(until: Self.ms(5000)))
        // Another choice goes on: it was not the end.
        window.take(Self.text(10, block: 1), bytes: 10, at: Self.ms(300))
        #expect(window.next(at: Self.ms(300)) == .release(2))
        #expect(
            window.next(at: Self.ms(300)) == .judge([.blockEnded(0)] + Self.text(10, block: 1), isEnd: false))
        window.cleared()
        #expect(window.next(at: Self.ms(300)) == .release(1))
    }

    @Test("a call goes out before its end is judged, where that stands in the frame that ends the answer")
    func aCallIsJudgedWithItsEnd() {
        var window = Self.window()
        window.take(Self.text(2), bytes: 2, at: .zero)
        window.take(Self.call, bytes: 2, at: .zero)
        window.take(Self.text(3), bytes: 2, at: .zero)
        let end: [AnswerPiece] = [.text(block: 1, .toolCall, "without escapes"), .blockEnded(1), .blockEnded(0)]
        window.take(end, bytes: 1, finishes: true, at: .zero)
        let all = Self.text(2) + Self.call + Self.text(3) + end.prefix(2)
        #expect(window.next(at: Self.ms(250)) == .judge(all, isEnd: false))
        window.cleared()
        #expect(window.next(at: Self.ms(250)) == .release(3))
        window.finish()
        #expect(window.next(at: Self.ms(250)) == .judge([.blockEnded(0)], isEnd: true))
        window.cleared()
        #expect(window.next(at: Self.ms(250)) == .release(1))
        #expect(window.next(at: Self.ms(250)) == .done)
    }
    @Test func aCallThatNeverEndedIsJudgedAtTheEnd() {
        var window = Self.window()
        window.take(Self.call, bytes: 1, at: .zero)
        window.finish()
        #expect(window.next(at: .zero) == .judge(Self.call, isEnd: true))
        window.cleared()
        #expect(window.next(at: .zero) == .release(1))
    }

    @Test func anAnswerWithoutAWordIsJudgedToo() {
        var window = Self.window()
        window.finish()
        #expect(window.next(at: .zero) == .judge([], isEnd: true))
        window.cleared()
        #expect(window.next(at: .zero) == .done)
    }

    @Test func moreThanMayBeHeldIsNeverReleased() {
        var window = Self.window()
        window.take(Self.call, bytes: 1000, at: .zero)
        #expect(window.next(at: .zero) == .wait(until: Self.ms(5000)))
        window.take(Self.call, bytes: 1, at: .zero)
        #expect(window.next(at: .zero) == .overflow)
    }

    // MARK: Whatever comes

    @Test("a frame goes out of turn, unjudged, in part of a call, or never", arguments: 0..<200 as Range<UInt64>)
    func anyOrder(_ seed: UInt64) throws {
        var chance = SplitMix(seed: seed)
        var window = Self.window { $0.most = .max }
        var now = Duration.zero
        var (taken, out, judged) = (0, 0, 0)
        /// The text of each frame, and its place in all text.
        var ends: [Int] = []
        var calls: [Int: Int] = [:]
        var said = ""
        var heard = ""
        var isOver = false
        func settle() {
            while true {
                switch window.next(at: now) {
                case .judge(let pieces, let isEnd):
                    for case .text(_, _, let text) in pieces { heard += text }
                    judged = heard.count
                    isOver = isOver || isEnd
                    window.cleared()
                case .release(let count):
                    for _ in 0..<count {
                        #expect(ends[out] <= judged, "frame \(out) went out unjudged")
                        out += 1
                    }
                case .keepAlive: continue
                case .overflow: Issue.record("nothing is over")
                case .wait(let until): return #expect(until.map { $0 > now } ?? true)
                case .done: return
                }
            }
        }
        for step in 0..<60 {
            now += .milliseconds(Int.random(in: 0...120, using: &chance))
            var pieces: [AnswerPiece] = []
            let letter = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(step % 26)))
            switch Int.random(in: 0..<5, using: &chance) {
            case 0, 1: pieces = [.text(block: 0, .answer, letter)]
            case 2: pieces = [.text(block: 1, .toolCall, letter)]
            case 3: pieces = [.blockEnded(1)]
            default: break
            }
            for case .text(_, _, let text) in pieces { said += text }
            ends.append(pieces.contains { if case .text = $0 { true } else { false } } ? said.count : 0)
            if case .text(_, .toolCall, _) = pieces.first { calls[taken] = step }
            if pieces == [.blockEnded(1)] { calls = [:] }
            window.take(pieces, bytes: 3, at: now)
            taken += 1
            if Bool.random(using: &chance) { settle() }
            if let first = calls.keys.min() { #expect(out <= first, "a part of a call went out") }
        }
        window.finish()
        settle()
        #expect(out == taken && heard == said && isOver)
    }
}
