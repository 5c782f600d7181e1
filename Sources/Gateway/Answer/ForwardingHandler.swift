import Conversation
import NIOCore
import Wire

/// Same dialect: the bytes go through, whole events at a time.
///
/// Nothing goes out behind the terminal event, and an error of the provider's
/// doesn't: it is judged first.
struct ForwardingHandler: FrameHandler {
    private let dialect: any ProviderProtocol
    private var watcher: any StreamWatcher
    private var isWatched = false
    /// True in the piece that may bring the first content.
    private var isBeginning = true
    private var hasProgressed = false

    static var forwardsBytes: Bool { true }

    init(_ dialect: any ProviderProtocol) {
        self.dialect = dialect
        watcher = dialect.makeStreamWatcher()
    }

    func isOver(_ findings: StreamFindings) -> Bool { watcher.isOver || findings.fault != nil }

    mutating func beginPiece(_ findings: StreamFindings, watching: Bool) {
        isWatched = watching
        isBeginning = !findings.observation.hasContent
        hasProgressed = false
    }

    mutating func read(
        _ frame: Frame, _ range: Range<Int>, _ findings: StreamFindings, into output: inout ByteBuffer
    ) -> Int? {
        findings.fragments += 1
        watcher.observe(frame)
        if isWatched, !isBeginning, !hasProgressed { hasProgressed = saysMore(frame) }
        guard watcher.isOver else { return nil }
        // Fetched once for a piece, and at the end.
        findings.observation = watcher.observation
        return findings.observation.failure == nil ? nil : range.lowerBound
    }

    mutating func endPiece(_ whole: Int, _ held: ByteBuffer, _ findings: StreamFindings) -> Int? {
        findings.observation = watcher.observation
        findings.hasContent = findings.observation.hasContent
        findings.hasReleased = findings.hasContent
        findings.hasProgressed = isBeginning ? findings.hasContent : hasProgressed
        guard findings.observation.failure == nil else { return nil }
        return watcher.isOver ? whole + dialect.framing.bytesBehind(whole, in: held) : whole
    }

    /// Returns whether the event says anything by itself, after others have:
    /// the watcher that reads along doesn't look any more.
    private func saysMore(_ frame: Frame) -> Bool {
        var watcher = dialect.makeStreamWatcher()
        watcher.observe(frame)
        let observation = watcher.observation
        return observation.hasContent || observation.hasFinished || watcher.isOver
    }

    func isComplete(_ findings: StreamFindings) -> Bool { watcher.observation.hasFinished }

    mutating func end(
        _ findings: StreamFindings, for door: any CallerProtocol, into output: inout ByteBuffer
    ) {
        findings.observation = watcher.observation
        findings.observation.hasEnded = true
        output.writeImmutableBuffer(door.encodeStreamEnd())
    }
}
