/// Text that must not be seen: a provider's key, a header that carries one.
///
/// Printing, interpolating, dumping and reflecting give dots. `reveal()` is
/// the one way to the text; call it where the text goes onto the wire.
package struct Secret: Sendable, Hashable {
    private let text: String

    /// Hides a text.
    package init(_ text: String) { self.text = text }

    /// The text itself.
    package func reveal() -> String { text }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Dots, always three.
    package var description: String { "•••" }
    /// The same as `description`.
    package var debugDescription: String { description }
    /// No children: `dump` walks mirrors, and so do test frameworks.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
