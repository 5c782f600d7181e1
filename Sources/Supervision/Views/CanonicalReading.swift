/// The reading of a text into its views, in pieces of bounded work, for texts
/// that are too long to be read at once on an event loop.
///
/// A piece of 16 KiB takes well under a millisecond. The steps are the same in
/// whatever pieces they are taken.
package struct CanonicalReading: Sendable {
    /// A stage that reads bytes, and the views that come of it.
    private enum Stage: Sendable {
        case reveal(Revealing)
        case markup(Markup, source: [UInt8], depth: Int)
        case fold(Folding, source: [UInt8], View.Kind, Range<Int>)
        case decode(Decoding, source: [UInt8], depth: Int)
        case join(Joining, source: [UInt8], depth: Int)
    }

    /// The most times that a text is decoded.
    private static let depth = 2

    private let original: [UInt8]
    /// The next stage is the last.
    private var stages: [Stage] = []
    private var offsets = OffsetMap()
    private var passages: [Markup.Passage] = []
    /// Folded passages that were joined or decoded, in order of their depth.
    private var views: [View] = []
    private var hidden: [HiddenText] = []
    private var markers: [RoleMarker] = []
    /// The bytes that all stages have read: a measure of the work.
    private(set) package var steps = 0

    package init(_ text: String) {
        original = Array(text.utf8)
        stages = [.reveal(Revealing())]
    }

    package var isComplete: Bool { stages.isEmpty }

    /// Reads on.
    /// - Parameter bytes: The work of this piece. A little more may be done,
    ///   up to some 64 KiB where one encoded word is so long.
    /// - Returns: true once the whole text has been read.
    @discardableResult
    package mutating func advance(by bytes: Int = 16384) -> Bool {
        let end = steps + max(1, bytes)
        while steps < end, let stage = stages.popLast() { run(consume stage, for: end - steps) }
        return stages.isEmpty
    }

    /// The whole result.
    package consuming func finish() -> CanonicalText {
        while !isComplete { advance(by: 1 << 20) }
        return CanonicalText(views: views, hidden: hidden, markers: markers)
    }

    /// Runs a stage, which is moved and not copied, with all that it has read.
    private mutating func run(_ stage: consuming Stage, for work: Int) {
        switch consume stage {
        case .reveal(var revealing):
            let start = revealing.place
            revealing.advance(original, until: start + work)
            steps += revealing.place - start
            guard revealing.place >= original.count else { return stages.append(.reveal(revealing)) }
            revealed(&revealing)
        case .markup(var markup, let source, let depth):
            let start = markup.place
            markup.advance(source, until: start + work)
            steps += markup.place - start
            guard markup.place >= source.count else {
                return stages.append(.markup(markup, source: source, depth: depth))
            }
            marked(markup, source, depth)
        case .fold(var folding, let source, let kind, let range):
            let start = folding.place
            folding.advance(source, until: start + work)
            steps += folding.place - start
            guard folding.place >= source.count else {
                return stages.append(.fold(folding, source: source, kind, range))
            }
            folded(folding.finish(), kind, range)
        case .decode(var decoding, let source, let depth):
            let start = decoding.place
            decoding.advance(source, until: start + work)
            steps += decoding.place - start
            guard decoding.place >= source.count else {
                return stages.append(.decode(decoding, source: source, depth: depth))
            }
            decoded(&decoding, source, depth)
        case .join(var joining, let source, let depth):
            let start = joining.place
            joining.advance(source, until: start + work)
            steps += joining.place - start
            guard joining.place >= source.count else {
                return stages.append(.join(joining, source: source, depth: depth))
            }
            let joined = joining.finish(source)
            guard !joined.isEmpty else { return }
            if depth < Self.depth { stages.append(.decode(Decoding(), source: joined, depth: Self.depth)) }
            stages.append(.fold(Folding(), source: joined, .joined, 0..<original.count))
        }
    }

    private mutating func revealed(_ revealing: inout Revealing) {
        let source = revealing.finish(original)
        hidden = revealing.findings
        offsets = revealing.offsets
        // The last is the first to run.
        stages.append(.join(Joining(), source: source, depth: 0))
        stages.append(.decode(Decoding(), source: source, depth: 1))
        stages.append(.markup(Markup(), source: source, depth: 0))
        stages.append(.fold(Folding(), source: source, .plain, 0..<original.count))
    }

    private mutating func marked(_ markup: Markup, _ source: [UInt8], _ depth: Int) {
        guard depth == 0 else {
            markers += markup.markers.map { RoleMarker($0.kind, range: 0..<original.count) }
            return
        }
        markers += markup.markers.map { RoleMarker($0.kind, range: offsets.original($0.range)) }
        passages = markup.passages
        for passage in markup.passages.reversed() {
            let range = offsets.original(passage.range)
            stages.append(.fold(Folding(), source: Array(source[passage.range]), .unseen(passage.kind), range))
        }
    }

    private mutating func folded(_ text: [UInt8], _ kind: View.Kind, _ range: Range<Int>) {
        guard !text.isEmpty || kind == .plain else { return }
        views.append(View(kind, text: text, range: range))
    }

    private mutating func decoded(_ decoding: inout Decoding, _ source: [UInt8], _ depth: Int) {
        let text = decoding.finish(source)
        guard !text.isEmpty else { return }
        if depth == 1 { findEncoded(decoding.needless) }
        if depth < Self.depth {
            stages.append(.join(Joining(), source: text, depth: depth))
            stages.append(.decode(Decoding(), source: text, depth: depth + 1))
        }
        stages.append(.markup(Markup(), source: text, depth: depth))
        stages.append(.fold(Folding(), source: text, .decoded(depth: depth), 0..<original.count))
    }

    /// Finds the unseen passages that have encoded words. Both lists are in
    /// the order of the text.
    private mutating func findEncoded(_ needless: [Range<Int>]) {
        var next = needless[...]
        for passage in passages {
            while let first = next.first, first.upperBound <= passage.range.lowerBound { next.removeFirst() }
            // A letter or two may be a stray address.
            guard let first = next.first, first.lowerBound < passage.range.upperBound, first.count >= 16 else {
                continue
            }
            hidden.append(HiddenText(.encodedComment, range: offsets.original(passage.range)))
        }
    }
}
