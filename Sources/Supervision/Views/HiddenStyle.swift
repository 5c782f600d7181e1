/// The inline styles and attributes that keep an element's text from a
/// reader's eyes.
enum HiddenStyle {
    struct Tag {
        var name: Range<Int>
        /// The place behind the tag.
        var end: Int
        var isHidden: Bool
    }

    /// Reads a start tag; nil for anything else.
    static func tag(_ input: Bytes, at start: Int, most: Int) -> Tag? {
        var place = start + 1
        let limit = min(input.count, start + most)
        while place < limit, Characters.isLetter(input[place]) || Characters.isDigit(input[place]) { place += 1 }
        let name = start + 1..<place
        guard !name.isEmpty, place < limit, Characters.isLetter(input[name.lowerBound]) else { return nil }
        guard Characters.isSpace(input[place]) || input[place] == UInt8(ascii: "/") else { return nil }
        var isHidden = false
        while place < limit {
            switch input[place] {
            case UInt8(ascii: ">"):
                // An element that is closed at once has no text.
                let isEmpty = input[place - 1] == UInt8(ascii: "/")
                return Tag(name: name, end: place + 1, isHidden: isHidden && !isEmpty)
            case UInt8(ascii: "<"): return nil
            case UInt8(ascii: "s"), UInt8(ascii: "S"):
                if Characters.isSpace(input[place - 1]), Characters.begins(input, at: place, with: "style=") {
                    let value = attribute(input, at: place + 6, until: limit)
                    if hides(input[value]) { isHidden = true }
                    place = value.upperBound
                    continue
                }
            case UInt8(ascii: "h"), UInt8(ascii: "H"):
                if Characters.isSpace(input[place - 1]), Characters.begins(input, at: place, with: "hidden"),
                    place + 6 < limit, Characters.isSpace(input[place + 6]) || ">=/".utf8.contains(input[place + 6])
                {
                    isHidden = true
                }
            default: break
            }
            place += 1
        }
        return nil
    }

    /// Says whether a tag's name stands at a place, and ends there.
    static func isName(_ name: Range<Int>, in input: Bytes, at place: Int) -> Bool {
        guard place + name.count < input.count else { return false }
        for offset in 0..<name.count
        where input[place + offset] | 0x20 != input[name.lowerBound + offset] | 0x20 { return false }
        let next = input[place + name.count]
        return Characters.isSpace(next) || next == UInt8(ascii: ">") || next == UInt8(ascii: "/")
    }

    /// The value of an attribute, without its quotation marks.
    private static func attribute(_ input: Bytes, at start: Int, until limit: Int) -> Range<Int> {
        guard start < limit else { return limit..<limit }
        let quote = input[start]
        let isQuoted = quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
        let first = isQuoted ? start + 1 : start
        var end = first
        while end < limit {
            let byte = input[end]
            if isQuoted ? byte == quote : Characters.isSpace(byte) || byte == UInt8(ascii: ">") { break }
            end += 1
        }
        return first..<end
    }

    private static let hiding: Set<String> = [
        "display:none", "visibility:hidden", "visibility:collapse", "opacity:0", "opacity:0%", "font-size:0",
        "font-size:0px", "font-size:0pt", "font-size:0em", "font-size:0%", "font-size:1px", "font-size:0.1px",
        "color:transparent", "mso-hide:all", "clip-path:inset(100%)", "clip:rect(0,0,0,0)", "transform:scale(0)",
    ]
    private static let white: Set<String> = [
        "white", "#fff", "#ffffff", "rgb(255,255,255)", "rgba(255,255,255,1)", "#fefefe", "hsl(0,0%,100%)",
    ]

    /// Says whether declarations hide the text of their element.
    static func hides(_ style: some Sequence<UInt8>) -> Bool {
        var bytes: [UInt8] = []
        for byte in style where !Characters.isSpace(byte) {
            bytes.append(byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte)
        }
        var isWhite = false
        var isOnWhite = false
        for declaration in String(decoding: bytes, as: UTF8.self).split(separator: ";") {
            var text = declaration
            if text.hasSuffix("!important") { text = text.dropLast(10) }
            if hiding.contains(String(text)) || isFarAway(text) { return true }
            if text.hasPrefix("color:") { isWhite = white.contains(String(text.dropFirst(6))) }
            if text.hasPrefix("background:") { isOnWhite = white.contains(String(text.dropFirst(11))) }
            if text.hasPrefix("background-color:") { isOnWhite = white.contains(String(text.dropFirst(17))) }
        }
        return isWhite && isOnWhite
    }

    /// Says whether a declaration moves text out of the page: `left:-9999px`.
    private static func isFarAway(_ declaration: Substring) -> Bool {
        for property in ["left:-", "top:-", "text-indent:-", "margin-left:-"] where declaration.hasPrefix(property) {
            let digits = declaration.dropFirst(property.count).prefix { $0.isASCII && $0.isNumber }
            return digits.count >= 3
        }
        return false
    }
}
