import Wire

/// An address of a caller's API: a path, in which a segment may name the model.
package struct CallerAddress: Sendable {
    /// The path as it is shown: `/model/{model}/converse`.
    package let pattern: String
    /// The path, or its part before the model.
    private let start: String
    /// The part behind the model; nil where the path names none.
    private let end: String?
    /// True where the model's name may hold slashes as they are.
    private let isGreedy: Bool
    /// True where the path asks for a stream; nil where the body says it.
    private let isStream: Bool?

    /// - Parameters:
    ///   - pattern: A path, with `{model}` where it names the model, or
    ///     `{model+}` where the name may hold slashes that aren't escaped.
    ///   - isStream: True for an address whose answers are streams, false for
    ///     one whose answers are whole; nil where the body says it.
    package init(_ pattern: String, isStream: Bool? = nil) {
        let plain = pattern.replacing("{model+}", with: "{model}")
        isGreedy = plain != pattern
        self.pattern = plain
        self.isStream = isStream
        let parts = plain.split(separator: "/", omittingEmptySubsequences: false)
        if let place = parts.firstIndex(of: "{model}") {
            start = parts[..<place].joined(separator: "/") + "/"
            end = parts[(place + 1)...].map { "/" + $0 }.joined()
        } else {
            start = pattern
            end = nil
        }
    }

    /// True where the path names the model.
    package var namesModel: Bool { end != nil }

    /// Returns what a path says if it is of this address; nil for any other.
    /// - Parameter path: As it came, without its query.
    package func match(_ path: Substring) -> CalledPath? {
        guard let end else {
            guard path.utf8.count == start.utf8.count, path == start else { return nil }
            return CalledPath(isStream: isStream)
        }
        guard path.utf8.count > start.utf8.count + end.utf8.count, path.utf8.starts(with: start.utf8),
            path.utf8.suffix(end.utf8.count).elementsEqual(end.utf8)
        else { return nil }
        let model = path.utf8.dropFirst(start.utf8.count).dropLast(end.utf8.count)
        guard isGreedy || !model.contains(UInt8(ascii: "/")) else { return nil }
        return CalledPath(model: PercentEncoding.decode(Substring(model)), isStream: isStream)
    }
}

/// The part of a call that its path says, where the API puts it there and not
/// into the body.
package struct CalledPath: Sendable, Hashable {
    /// The model's name, without escapes; nil where the body names it.
    package var model: String?
    /// True where a stream is wanted; nil where the body says it.
    package var isStream: Bool?

    package init(model: String? = nil, isStream: Bool? = nil) {
        self.model = model
        self.isStream = isStream
    }
}
