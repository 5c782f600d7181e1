package import Conversation

/// The window between an answer as it is made and the answer as it goes out:
/// the frames that may go, the text that is to be judged, and the time until
/// which more of it is waited for.
///
/// Frames go out in their order, whole, and none with text before a verdict
/// has cleared all text up to and with its own. Text is gathered until there is
/// enough of it, until the first of it has waited long enough, or until the
/// end; then everything that is held is judged together. The text of a tool
/// call is judged once the call is whole. Frames without text pass, but not
/// before the first text has: as long as nothing has gone out, an answer can
/// still be another one. A frame that says why the answer ended waits for the
/// last verdict.
///
/// Knows no clock: all times are those of its caller, since any beginning.
package struct AnswerWindow: Sendable {
    package struct Rules: Sendable, Hashable {
        /// The text that is judged together, in Unicode scalars.
        package var text = 160
        /// The longest wait for more of it.
        package var wait = Duration.milliseconds(250)
        /// The longest silence towards a client while something is held.
        package var silence = Duration.seconds(5)
        /// The most that is held, in bytes.
        package var most = 1 << 20

        package init() {}
    }

    /// The next thing to do.
    package enum Step: Sendable, Equatable {
        /// So many frames go out.
        case release(Int)
        /// The client is shown that its connection lives.
        case keepAlive
        /// These pieces are judged; ``cleared()`` tells that they may pass.
        case judge([AnswerPiece], isEnd: Bool)
        /// More is held than may be.
        case overflow
        /// Nothing, until more comes or until this time; nil is for ever.
        case wait(until: Duration?)
        /// Nothing more: the end has been judged, and all has gone out.
        case done
    }

    private struct Frame {
        var bytes: Int
        /// The number of pieces up to its end, since the answer's beginning.
        var pieces: Int
        var scalars: Int
        /// True where it may not go before a verdict.
        var needsVerdict: Bool
        /// True where it, or one before it, says why the answer ended.
        var finishes: Bool
        /// True where it goes out with the next one only.
        var isSplit: Bool
        /// The blocks of the tool calls that it is part of.
        var calls: [Int]
        var came: Duration
    }

    /// The places in the answer, in frames since its beginning.
    private struct Places {
        /// Before it, everything has gone out.
        var out = 0
        /// Before it, everything was cleared.
        var cleared = 0
        /// Before it, everything has been shown to the judge.
        var shown = 0
        /// Before it, everything can be judged.
        var ready = 0
        /// The last frame that needs a verdict.
        var lastText = -1
    }

    /// The tool calls of the answer, by their blocks.
    private struct Calls {
        var open: Set<Int> = []
        /// The number of pieces up to and with the end of each that is whole,
        /// and hasn't been shown.
        var ends: [Int: Int] = [:]
    }

    private let rules: Rules
    private var frames: [Frame] = []
    private var places = Places()
    private var pieces: [AnswerPiece] = []
    /// The number of pieces that came before the first of ``pieces``.
    private var shownPieces = 0
    private var calls = Calls()
    private var held = 0
    /// The text between what was shown and what can be judged, and the time at
    /// which the first of it came.
    private var waiting: (scalars: Int, since: Duration?) = (0, nil)
    private var lastSign: Duration?
    private var hasBegun = false
    private var isHurried = false
    private var end = End.open

    private enum End { case open, come, judged }

    package init(_ rules: Rules = Rules()) { self.rules = rules }

    /// The number of frames that are held.
    package var count: Int { frames.count }

    // MARK: What comes

    /// Takes the next frame.
    /// - Parameters:
    ///   - finishes: True where the answer has said why it ended, in this frame
    ///     or before it, and nothing else since.
    ///   - isSplit: True where it is a part of something that the next frame
    ///     goes on with, and goes out with that only.
    package mutating func take(
        _ new: [AnswerPiece], bytes: Int, finishes: Bool = false, isSplit: Bool = false, at now: Duration
    ) {
        var frame = Frame(
            bytes: bytes, pieces: 0, scalars: 0, needsVerdict: false, finishes: finishes, isSplit: isSplit, calls: [],
            came: now)
        for piece in new {
            switch piece {
            // Without text, too: a part of a call opens one at the client.
            case .text(_, let scope, let text) where text.isEmpty && scope != .toolCall: continue
            case .text(let block, let scope, let text):
                frame.needsVerdict = true
                frame.scalars += text.unicodeScalars.count
                if scope == .toolCall {
                    calls.open.insert(block)
                    if frame.calls.last != block { frame.calls.append(block) }
                }
            case .blockEnded(let block):
                if calls.open.remove(block) != nil { calls.ends[block] = shownPieces + pieces.count + 1 }
            case .unseen: frame.needsVerdict = true
            case .refused, .ended: break
            }
            pieces.append(piece)
        }
        frame.pieces = shownPieces + pieces.count
        // Silence before it is the provider's.
        if frames.isEmpty { lastSign = now }
        if frame.needsVerdict { places.lastText = places.out + frames.count }
        frames.append(frame)
        held += bytes
    }

    /// Nothing follows.
    package mutating func finish() { if end == .open { end = .come } }

    /// Has what can be judged judged now, without waiting for more: nothing
    /// will come for a while.
    package mutating func hurry() { isHurried = true }

    /// The pieces that were given last may pass.
    package mutating func cleared() {
        places.cleared = max(places.cleared, places.shown)
        if end == .come, places.shown == places.out + frames.count { end = .judged }
    }

    // MARK: What is to be done

    package mutating func next(at now: Duration) -> Step {
        guard held <= rules.most else { return .overflow }
        if end == .come { return show(upTo: places.out + frames.count, isEnd: true) }
        advance()
        if let count = passable, count > 0 { return release(count, now) }
        if end == .judged { return .done }
        if isDue(now) { return show(upTo: places.ready, isEnd: false) }
        isHurried = false
        guard !frames.isEmpty, let lastSign else { return .wait(until: nil) }
        if now >= lastSign + rules.silence { return showLife(now) }
        let due = waiting.since.map { $0 + rules.wait }
        return .wait(until: min(due ?? lastSign + rules.silence, lastSign + rules.silence))
    }

    /// Finds out how many frames can be judged by now.
    private mutating func advance() {
        while places.ready < places.out + frames.count {
            let frame = frames[places.ready - places.out]
            guard frame.calls.allSatisfy({ !calls.open.contains($0) }), !waitsForEnd(places.ready, frame) else {
                return
            }
            if frame.needsVerdict {
                waiting.scalars += frame.scalars
                waiting.since = waiting.since ?? frame.came
            }
            places.ready += 1
        }
    }

    private func waitsForEnd(_ place: Int, _ frame: Frame) -> Bool {
        frame.finishes && place >= places.lastText && end == .open
    }

    /// The number of frames that may go now; nil while nothing may begin.
    private var passable: Int? {
        var place = places.cleared
        // Frames without text follow what was cleared.
        while place < places.ready, place - places.out < frames.count, !frames[place - places.out].needsVerdict {
            place += 1
        }
        guard hasBegun || places.cleared > 0 else { return nil }
        return whole(place - places.out)
    }

    /// The number of frames that go out without the beginning of something that
    /// the next one goes on with. Nothing follows the end.
    private func whole(_ count: Int) -> Int {
        guard end != .judged else { return count }
        return frames.prefix(count).lastIndex { !$0.isSplit }.map { $0 + 1 } ?? 0
    }

    private func isDue(_ now: Duration) -> Bool {
        guard let since = waiting.since else { return false }
        return isHurried || waiting.scalars >= rules.text || now >= since + rules.wait
    }

    private mutating func show(upTo place: Int, isEnd: Bool) -> Step {
        places.shown = place
        isHurried = false
        places.ready = max(places.ready, place)
        waiting = (0, nil)
        let shown = isEnd ? pieces : Array(pieces.prefix(max(0, pieces(upTo: place) - shownPieces)))
        pieces.removeFirst(shown.count)
        shownPieces += shown.count
        return .judge(shown.joined(), isEnd: isEnd)
    }

    /// The number of pieces of all frames before this one, and of what belongs
    /// to their calls: the end of a call may stand in a frame that waits.
    private mutating func pieces(upTo place: Int) -> Int {
        let shown = frames.prefix(place - places.out)
        var count = shown.last?.pieces ?? 0
        for call in Set(shown.lazy.flatMap(\.calls)) { count = max(count, calls.ends.removeValue(forKey: call) ?? 0) }
        return count
    }

    private mutating func release(_ count: Int, _ now: Duration) -> Step {
        for frame in frames[..<count] { held -= frame.bytes }
        frames.removeFirst(count)
        places.out += count
        places.cleared = max(places.cleared, places.out)
        lastSign = now
        hasBegun = true
        return .release(count)
    }

    private mutating func showLife(_ now: Duration) -> Step {
        // What a client reads first goes before any sign.
        if !hasBegun, whole(textFreeFront) > 0 { return release(whole(textFreeFront), now) }
        hasBegun = true
        lastSign = now
        return .keepAlive
    }

    /// The number of frames at the front that have no text and don't say why
    /// the answer ended: what goes out before a refusal.
    private var textFreeFront: Int {
        frames.firstIndex { $0.needsVerdict || $0.finishes } ?? frames.count
    }

    /// Ends the holding with a refusal: frames without text, which would have
    /// gone out before any that has some, still do.
    /// - Returns: The number of frames that go out before the refusal.
    package mutating func refuse() -> Int {
        let count = textFreeFront
        discard()
        return count
    }

    /// Forgets what is held: other frames follow what has gone out.
    package mutating func goBack() {
        let out = places.out
        (frames, pieces, held) = ([], [], 0)
        places = Places(out: out, cleared: out, shown: out, ready: out, lastText: min(places.lastText, out - 1))
        (calls, waiting, lastSign, isHurried, end) = (Calls(), (0, nil), nil, false, .open)
    }

    /// Nothing that is held goes out any more.
    package mutating func discard() {
        frames = []
        pieces = []
        held = 0
        end = .judged
    }
}

extension [AnswerPiece] {
    /// The same with the text of one block in one piece, where nothing stands
    /// between its parts.
    fileprivate func joined() -> [AnswerPiece] {
        var joined: [AnswerPiece] = []
        var open: (block: Int, scope: PassageScope, text: String)?
        for piece in self {
            if case .text(let block, let scope, let text) = piece {
                if open?.block == block, open?.scope == scope {
                    open?.text += text
                    continue
                }
                if let open { joined.append(.text(block: open.block, open.scope, open.text)) }
                open = (block, scope, text)
            } else {
                if let last = open { joined.append(.text(block: last.block, last.scope, last.text)) }
                open = nil
                joined.append(piece)
            }
        }
        if let open { joined.append(.text(block: open.block, open.scope, open.text)) }
        return joined
    }
}
