package import Conversation
import NIOCore
package import Wire

/// Looks on while a stream of this dialect passes.
///
/// An event is parsed only until content has been seen, and after that where
/// it holds a member `usage` or `error` that is not null; everything else
/// costs one search through its bytes.
package struct ChunkWatcher: StreamWatcher {
    package private(set) var observation = StreamObservation()

    package init() {}

    package mutating func observe(_ event: SSEEvent) {
        guard !observation.hasEnded, observation.failure == nil else { return }
        if event.isDone {
            observation.hasEnded = true
            return
        }
        let matters = event.data.withUnsafeReadableBytes(Self.holdsUsageOrError)
        guard matters || !observation.hasContent || event.name == "error" else { return }
        // What isn't JSON passes all the same: it is the caller's to judge.
        guard let root = try? JSONDocument(event.data).root, root.kind == .object else { return }
        if let error = ProviderError(event: root, name: event.name) {
            observation.failure = error
            return
        }
        if let usage = root["usage"], usage.kind == .object, let usage = try? Usage(reading: usage) {
            observation.usage = usage
        }
        if !observation.hasContent { observation.hasContent = Self.holdsContent(root) }
    }

    /// Whether a delta says something: the role alone is nothing yet.
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

    /// Whether the bytes hold `"usage":` or `"error":` with another value
    /// than null.
    ///
    /// Inside a JSON string a quote has a backslash before it, so that what
    /// a model writes can't look like a member's name.
    private static func holdsUsageOrError(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // The shortest is `"usage":1`; both names are five letters.
        guard bytes.count >= 9 else { return false }
        var index = 0
        let last = bytes.count - 9
        while index <= last {
            guard bytes[index] == UInt8(ascii: "\"") else {
                index += 1
                continue
            }
            let name: StaticString
            switch bytes[index + 1] {
            case UInt8(ascii: "u"): name = "usage\""
            case UInt8(ascii: "e"): name = "error\""
            default:
                index += 1
                continue
            }
            var matches = true
            for offset in 0..<6 where bytes[index + 1 + offset] != name.utf8Start[offset] { matches = false }
            if matches, isMember(bytes, after: index + 7) { return true }
            index += 1
        }
        return false
    }

    private static func isMember(_ bytes: UnsafeRawBufferPointer, after end: Int) -> Bool {
        var index = end
        func skipSpace() { while index < bytes.count, bytes[index] <= 0x20 { index += 1 } }
        skipSpace()
        guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { return false }
        index += 1
        skipSpace()
        return index < bytes.count && bytes[index] != UInt8(ascii: "n")
    }
}
