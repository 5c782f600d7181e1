import Conversation
import NIOCore
import Wire

/// Looks on while a stream passes. Only the few events that begin or end
/// something are parsed; a delta is known by its name.
struct ConverseStreamWatcher: StreamWatcher {
    private(set) var observation = StreamObservation()

    var isOver: Bool { observation.hasEnded || observation.failure != nil }

    mutating func observe(_ frame: Frame) {
        if frame.isException {
            observation.failure = BedrockException.read(frame)
            return
        }
        switch frame.name {
        case "contentBlockDelta": if !observation.hasContent { observation.hasContent = Self.says(frame.data) }
        case "contentBlockStart":
            observation.hasContent = true
            observation.hasOpenToolCall = frame.data.withUnsafeReadableBytes { $0.place(of: "\"toolUse\"") != nil }
        // Blocks come strictly one after the other.
        case "contentBlockStop": observation.hasOpenToolCall = false
        case "messageStop":
            guard let root = (try? JSONDocument(frame.data))?.root else { return }
            observation.hasFinished = true
            observation.isRefusal = root["stopReason"]?.string.map(ConverseFinish.read) == .contentFilter
        case "metadata":
            let usage = (try? JSONDocument(frame.data))?.root["usage"]
            observation.usage = usage.flatMap(ConverseUsage.read) ?? observation.usage
            if observation.hasFinished { observation.hasEnded = true }
        default: break
        }
    }

    /// An empty delta only keeps the stream alive.
    private static func says(_ data: ByteBuffer) -> Bool {
        guard let delta = (try? JSONDocument(data))?.root["delta"] else { return true }
        return delta["text"].map { !$0.isString("") } ?? true
    }
}
