/// One text that a head learns from.
package struct TrainingExample: Sendable {
    /// Harmless text around the part that counts; empty for whole texts.
    package var before: String
    package var core: String
    package var after: String
    package var isPositive: Bool

    package init(_ core: String, isPositive: Bool, before: String = "", after: String = "") {
        self.core = core
        self.isPositive = isPositive
        self.before = before
        self.after = after
    }
}
