/// The progress of a tool call's arguments, judged only by brackets and quotes
/// as the fragments pass.
package struct ArgumentsProgress: Sendable, Equatable {
    private var depth = 0
    private var isInString = false
    private var isAfterBackslash = false
    /// Nothing but white space has come.
    package private(set) var isBlank = true
    /// An object, an array or a string has been closed: nothing more belongs
    /// to it. A number or a word can't be seen to end, and so never does.
    package private(set) var isComplete = false

    package init() {}

    package mutating func consume(_ fragment: String) {
        for byte in fragment.utf8 {
            if isInString {
                if isAfterBackslash {
                    isAfterBackslash = false
                } else if byte == UInt8(ascii: "\\") {
                    isAfterBackslash = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                    if depth == 0 { isComplete = true }
                }
                continue
            }
            switch byte {
            case 0x20, 0x0A, 0x0D, 0x09: continue
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth <= 0 { isComplete = true }
            default: break
            }
            isBlank = false
        }
    }
}
