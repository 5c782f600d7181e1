package import Conversation
import NIOCore
package import Wire

/// Looks on while a stream of this dialect passes.
///
/// An event is parsed only until content has been seen, and after that where
/// it holds a member `usage`, `error` or `finish_reason` that is not null;
/// everything else costs one search through its bytes.
package struct ChunkWatcher: StreamWatcher {
    package private(set) var observation = StreamObservation()
    /// The highest number of a choice seen; they count from 0.
    private var lastChoice = 0
    private var finished: Set<Int> = []
    /// Of the chunks that say nothing but the next words.
    private var words = WordsTemplate()

    package init() {}

    package var isOver: Bool { observation.hasEnded || observation.failure != nil }

    package mutating func observe(_ event: Frame) {
        guard !isOver else { return }
        if event.isDone {
            observation.hasEnded = true
            return
        }
        if words.matches(event) { return }
        let found = event.data.withUnsafeReadableBytes(ChunkMembers.init)
        if found.calls { observation.hasOpenToolCall = true }
        // With calls in it, the number may be a call's.
        if !found.calls, found.index > lastChoice {
            lastChoice = found.index
            observation.hasFinished = false
        }
        guard found.matters || !observation.hasContent || event.name == "error" else { return }
        // What isn't JSON passes all the same: it is the caller's to judge.
        guard let root = try? JSONDocument(event.data).root, root.kind == .object else {
            if event.name == "error" {
                observation.failure = ProviderError(
                    status: 200, message: "The provider ended the stream with an error and gave no reason.")
            }
            return
        }
        if let error = ProviderError(event: root, name: event.name) {
            observation.failure = error
            return
        }
        if let usage = root["usage"], usage.kind == .object, let usage = try? Usage(reading: usage) {
            observation.usage = usage
        }
        if !observation.hasContent {
            observation.hasContent = Self.holdsContent(root)
            if let words = root["choices"]?.elements.first(where: { _ in true })?["delta"]?["refusal"]?.string {
                observation.isRefusal = !words.isEmpty
            }
            if observation.hasContent, !found.matters, !found.calls {
                words.learn(from: root, of: event, choice: found.index)
            }
        }
        if found.finishes { finish(root) }
    }

    private mutating func finish(_ root: JSONView) {
        guard let choices = root["choices"] else { return }
        for choice in choices.elements {
            let number = choice["index"]?.int ?? 0
            guard (0..<128).contains(number) else { continue }
            lastChoice = max(lastChoice, number)
            if let reason = choice["finish_reason"]?.string, !reason.isEmpty {
                if reason == "error" { return observation.failure = ProviderError(choice: choice) }
                finished.insert(number)
                if reason == "content_filter" { observation.isRefusal = true }
            }
        }
        guard finished.count > lastChoice else { return }
        observation.hasFinished = true
        observation.hasOpenToolCall = false
    }

    /// Returns whether a delta has content: the role alone is none yet.
    private static func holdsContent(_ root: JSONView) -> Bool {
        guard let choices = root["choices"] else { return false }
        for choice in choices.elements {
            guard let delta = choice["delta"] else { continue }
            for (name, value) in delta.members where !name.isString("role") {
                switch value.kind {
                case .null: continue
                case .string: if !value.isString("") { return true }
                case .array: if !value.elements.isEmpty { return true }
                case .object, .number, .true, .false: return true
                }
            }
        }
        return false
    }
}
