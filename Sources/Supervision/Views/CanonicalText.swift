/// A text as detectors read it: its views, and what was hidden in it.
///
/// The cost is linear in the text's length, whatever the text. Each view is
/// mostly shorter than the text; the bound is 11 times its bytes, which one
/// ligature of Arabic script reaches (U+FDFA). Any passage is in
/// 8 views at most.
package struct CanonicalText: Sendable, Hashable {
    /// The plain view first; the others only where they differ from it.
    package var views: [View]
    /// In the order of the text, but for encoded comments.
    package var hidden: [HiddenText]
    package var markers: [RoleMarker]

    /// Reads a text at once. Long texts on an event loop are read by
    /// ``CanonicalReading``.
    package init(_ text: String) { self = CanonicalReading(text).finish() }

    init(views: [View], hidden: [HiddenText], markers: [RoleMarker]) {
        self.views = views
        self.hidden = hidden
        self.markers = markers
    }

    package var plain: View { views[0] }

    /// The text of the plain view, for literals that are looked for in views.
    /// Nothing is decoded.
    package static func fold(_ text: String) -> [UInt8] { Folding.fold(Array(text.utf8)) }
}
