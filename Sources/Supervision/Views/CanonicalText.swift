/// A text as detectors read it: its views, and what was hidden in it.
///
/// The cost is linear in the text's length. All views together are at most
/// 16 times as long as the text.
package struct CanonicalText: Sendable, Hashable {
    /// The plain view first; the others only where they differ from it.
    package var views: [View]
    package var hidden: [HiddenText]
    package var markers: [RoleMarker]

    package init(_ text: String) {
        let range = 0..<text.utf8.count
        views = [View(.plain, text: Self.fold(text), range: range)]
        hidden = []
        markers = []
    }

    package var plain: View { views[0] }

    /// The text of the plain view alone, as literals are folded that are
    /// looked for in views.
    package static func fold(_ text: String) -> [UInt8] {
        Folding.fold(Array(text.utf8))
    }
}
