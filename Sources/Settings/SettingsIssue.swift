/// Something wrong with a file, where it stands and what to do about it.
///
/// Never holds a secret: values that come from the environment are shown as
/// the file spells them, keys and header values not at all.
package struct SettingsIssue: Error, Sendable, Hashable {
    /// The severity of a problem.
    package enum Severity: Sendable, Hashable {
        /// The file is not used.
        case error
        /// The file is used, but its owner should know.
        case warning
    }

    /// The file as the caller named it.
    package var file: String
    /// Nil when the file as a whole is meant.
    package var position: Position?
    /// The severity of the problem.
    package var severity: Severity
    /// One sentence for people, without a full stop.
    package var message: String

    /// A problem; an error of the whole file unless said otherwise.
    package init(file: String, position: Position? = nil, severity: Severity = .error, message: String) {
        self.file = file
        self.position = position
        self.severity = severity
        self.message = message
    }
}

extension SettingsIssue: CustomStringConvertible {
    /// `holdfast.yaml:12:5: unknown key "provders"; did you mean "providers"?`,
    /// which editors and terminals turn into a link.
    package var description: String {
        severity == .warning ? "\(place): warning: \(message)" : told
    }

    /// The same without its severity, for a log that has a level of its own.
    package var told: String { "\(place): \(message)" }

    private var place: String { position.map { "\(file):\($0.line):\($0.column)" } ?? file }
}

/// A place in a text.
package struct Position: Sendable, Hashable, Comparable {
    /// From 1.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int

    /// A place by its line and its column, both from 1.
    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Earlier in the text is less.
    package static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}
