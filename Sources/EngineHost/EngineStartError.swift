/// The reason why an engine cannot be started as configured. The description says what is wrong and what to do about
/// it.
package struct EngineStartError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
