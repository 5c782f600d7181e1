package import Wire

extension JSONView {
    /// True when a member with this value asks for nothing: null, an empty
    /// list, an empty object or an empty text.
    package var saysNothing: Bool {
        switch kind {
        case .null: true
        case .array: elements.first { _ in true } == nil
        case .object: members.first { _ in true } == nil
        case .string: isString("")
        case .number, .true, .false: false
        }
    }
}
