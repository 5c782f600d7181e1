import Wire

/// The text that stands in a function's arguments as the member `input`, read as
/// the fragments come.
///
/// A model is told to give an object with that member alone, and nearly always
/// does. Whatever else it gives is read once it is whole: an object's `input`
/// wherever it stands, and otherwise the arguments as they are.
struct CustomInputReader {
    private enum State {
        /// Before the text: the number of the token of `{"input":"` that is next.
        case opening(Int)
        case text
        /// Behind the text.
        case closed
        /// Another form: it is read at the end.
        case other
    }

    private var state = State.opening(0)
    private var raw = ""
    /// An escape that isn't whole, or the first half of a pair of them.
    private var pending: [UInt8] = []

    private static let tokens: [[UInt8]] = ["{", "\"input\"", ":", "\""].map { Array($0.utf8) }
    /// Bytes of the present token that have come.
    private var matched = 0

    /// Takes a fragment, and returns the text that it adds.
    mutating func take(_ fragment: String) -> String {
        raw += fragment
        var said: [UInt8] = []
        for byte in fragment.utf8 {
            switch state {
            case .opening(let token): open(byte, token)
            case .text: say(byte, into: &said)
            case .closed, .other: break
            }
        }
        return String(decoding: said, as: UTF8.self)
    }

    private mutating func open(_ byte: UInt8, _ token: Int) {
        if matched == 0, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { return }
        guard byte == Self.tokens[token][matched] else {
            state = .other
            return
        }
        matched += 1
        guard matched == Self.tokens[token].count else { return }
        matched = 0
        state = token + 1 < Self.tokens.count ? .opening(token + 1) : .text
    }

    private mutating func say(_ byte: UInt8, into said: inout [UInt8]) {
        guard pending.isEmpty, byte != UInt8(ascii: "\\") else {
            pending.append(byte)
            return settle(into: &said)
        }
        if byte == UInt8(ascii: "\"") { state = .closed } else { said.append(byte) }
    }

    /// Reads the escape that waits, if it is whole.
    private mutating func settle(into said: inout [UInt8]) {
        guard pending.count > 1 else { return }
        let isUnicode = pending[1] == UInt8(ascii: "u")
        guard pending.count >= (isUnicode ? 6 : 2) else { return }
        if isUnicode, Self.isHalf(pending[..<6], from: "89abAB") {
            if pending.count == 6 || pending.count < 12 && Self.mayGoOn(pending) { return }
            guard pending.count == 12, Self.isHalf(pending[6...], from: "cdefCDEF") else {
                return sayAlone(into: &said)
            }
        }
        let text = String(decoding: pending, as: UTF8.self)
        pending = []
        if let read = (try? JSONDocument("\"\(text)\""))?.root.string {
            said += Array(read.utf8)
        } else {
            // No escape that JSON has: the letters stand for themselves.
            said += Array(text.utf8.dropFirst())
        }
    }

    /// Says the first half of a pair whose second half never came.
    private mutating func sayAlone(into said: inout [UInt8]) {
        let rest = pending.dropFirst(6)
        pending = []
        said += Array("\u{FFFD}".utf8)
        for byte in rest { say(byte, into: &said) }
    }

    /// - Parameter digits: The third digit of such a half.
    private static func isHalf(_ escape: ArraySlice<UInt8>, from digits: String) -> Bool {
        let escape = Array(escape)
        return escape[2] | 0x20 == UInt8(ascii: "d") && digits.utf8.contains(escape[3])
    }

    /// Returns whether what follows a first half can still be a second.
    private static func mayGoOn(_ pair: [UInt8]) -> Bool {
        zip(pair.dropFirst(6), "\\u".utf8).allSatisfy { $0 == $1 }
    }

    /// Ends the arguments, and returns the text that hasn't been returned yet.
    mutating func end() -> String {
        switch state {
        case .text, .closed: return ""
        case .opening, .other:
            guard let root = (try? JSONDocument(raw))?.root, root.kind == .object, let input = root["input"] else {
                return raw.allSatisfy(\.isWhitespace) ? "" : raw
            }
            return input.string ?? input.fragment.text
        }
    }
}
