/// The search for passages that a reader of a page would not see, and for
/// literals that forge another's turn.
struct Markup: Sendable {
    /// A passage that is kept from a reader's eyes.
    struct Passage: Sendable, Hashable {
        var kind: View.Unseen
        /// The text within its marks.
        var range: Range<Int>
    }

    /// The most bytes of one passage; what follows is looked at anew.
    private static let longest = 65536
    /// The most bytes of one tag, and of one line of a comment in Markdown.
    private static let longestTag = 4096

    private(set) var place = 0
    private(set) var passages: [Passage] = []
    private(set) var markers: [RoleMarker] = []
    /// Markers are searched up to here within the last passage, before the
    /// search goes on behind it.
    private var passageEnd = 0

    /// Bytes at which something may begin.
    private static let starts: [Bool] = {
        var starts = [Bool](repeating: false, count: 256)
        for byte in "<[\n".utf8 { starts[Int(byte)] = true }
        return starts
    }()

    /// Goes on, up to a place, or some 64 KiB further at most.
    mutating func advance(_ input: [UInt8], until limit: Int) {
        input.withUnsafeBufferPointer { input in
            Self.starts.withUnsafeBufferPointer { starts in
                let limit = min(limit, input.count)
                if place == 0, limit > 0 { readLineStart(input, at: 0) }
                while place < limit {
                    guard starts[Int(input[place])] else {
                        place += 1
                        continue
                    }
                    switch input[place] {
                    case UInt8(ascii: "\n"): readLineStart(input, at: place + 1)
                    case UInt8(ascii: "["): readTemplate(input)
                    default:
                        if place >= passageEnd { readHidden(input) }
                        readTemplate(input)
                    }
                    place += 1
                }
            }
        }
    }

    // MARK: Passages

    private mutating func add(_ kind: View.Unseen, _ range: Range<Int>, until end: Int) {
        passageEnd = end
        if !range.isEmpty { passages.append(Passage(kind: kind, range: range)) }
    }

    private mutating func readHidden(_ input: Bytes) {
        if Characters.begins(input, at: place, with: "<!--") {
            let start = place + 4
            let end = find("-->", in: input, from: start, most: Self.longest)
            add(.comment, start..<end, until: end)
        } else if let tag = HiddenStyle.tag(input, at: place, most: Self.longestTag), tag.isHidden {
            let end = elementEnd(tag, input)
            add(.style, tag.end..<end, until: end)
        }
    }

    private func find(_ literal: StaticString, in input: Bytes, from start: Int, most: Int) -> Int {
        let limit = min(input.count, start + most)
        var place = start
        while place < limit {
            if input[place] == literal.utf8Start[0], Characters.begins(input, at: place, with: literal) { return place }
            place += 1
        }
        return scalarStart(limit, input)
    }

    private func scalarStart(_ place: Int, _ input: Bytes) -> Int {
        var place = place
        while place > 0, place < input.count, input[place] & 0xC0 == 0x80 { place -= 1 }
        return place
    }

    /// The end of an element's text: its end tag, with elements of the same
    /// name inside counted.
    private func elementEnd(_ tag: HiddenStyle.Tag, _ input: Bytes) -> Int {
        let limit = min(input.count, tag.end + Self.longest)
        var place = tag.end
        var depth = 1
        while place < limit {
            if input[place] == UInt8(ascii: "<"), place + 1 < limit {
                let isEnd = input[place + 1] == UInt8(ascii: "/")
                if HiddenStyle.isName(tag.name, in: input, at: place + (isEnd ? 2 : 1)) {
                    depth += isEnd ? -1 : 1
                    if depth == 0 { return place }
                }
            }
            place += 1
        }
        return scalarStart(limit, input)
    }

    // MARK: Lines

    private mutating func readLineStart(_ input: Bytes, at start: Int) {
        guard start < input.count else { return }
        switch input[start] {
        case UInt8(ascii: "["): if start >= passageEnd { readMarkdownComment(input, at: start) }
        case UInt8(ascii: "#"): readHeading(input, at: start)
        default: if isBehindEmptyLine(start, input) { readTurn(input, at: start) }
        }
    }

    /// Reads `[//]: # (…)`: a link's definition that nothing refers to.
    private mutating func readMarkdownComment(_ input: Bytes, at start: Int) {
        guard let bracket = input[start..<min(input.count, start + 16)].firstIndex(of: UInt8(ascii: "]")) else {
            return
        }
        var place = bracket + 1
        guard place + 2 < input.count, input[place] == UInt8(ascii: ":") else { return }
        place += 1
        while place < input.count, input[place] == 0x20 { place += 1 }
        if Characters.begins(input, at: place, with: "#") {
            place += 1
        } else if Characters.begins(input, at: place, with: "<>") {
            place += 2
        } else {
            return
        }
        while place < input.count, input[place] == 0x20 { place += 1 }
        guard place < input.count, "(\"'".utf8.contains(input[place]) else { return }
        let end = find("\n", in: input, from: place + 1, most: Self.longestTag)
        add(.comment, place + 1..<end, until: end)
    }

    private func isBehindEmptyLine(_ start: Int, _ input: Bytes) -> Bool {
        guard start >= 2, input[start - 1] == 10 else { return false }
        return input[start - 2] == 10 || start >= 3 && input[start - 2] == 13 && input[start - 3] == 10
    }

    private static let turns: [StaticString] = ["human:", "assistant:", "system:", "user:"]
    private static let headings: [StaticString] = [
        "system:", "system prompt:", "instruction:", "instructions:", "human:", "user:", "assistant:", "response:",
        "input:", "new instructions:",
    ]

    private mutating func readTurn(_ input: Bytes, at start: Int) {
        for turn in Self.turns where Characters.begins(input, at: start, with: turn) {
            markers.append(RoleMarker(.heading, range: start..<start + turn.utf8CodeUnitCount))
        }
    }

    private mutating func readHeading(_ input: Bytes, at start: Int) {
        var place = start
        while place < input.count, place - start < 6, input[place] == UInt8(ascii: "#") { place += 1 }
        if place < input.count, input[place] == 0x20 { place += 1 }
        for heading in Self.headings where Characters.begins(input, at: place, with: heading) {
            markers.append(RoleMarker(.heading, range: start..<place + heading.utf8CodeUnitCount))
        }
    }

    // MARK: Templates

    /// ChatML, Llama, Mistral, Gemma, DeepSeek and others. Names between `<|`
    /// and `|>` need no list.
    private static let templates: [StaticString] = [
        "<<sys>>", "<</sys>>", "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<system>", "</system>",
        "<tool_response>", "</tool_response>", "</tool_result>", "</function_results>",
    ]
    /// Those of Mistral, in capitals only: small ones are an array's index.
    private static let brackets: [StaticString] = [
        "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]",
        "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]",
    ]

    private mutating func readTemplate(_ input: Bytes) {
        if let end = controlToken(input) {
            markers.append(RoleMarker(.template, range: place..<end))
            return
        }
        let isBracket = input[place] == UInt8(ascii: "[")
        for template in isBracket ? Self.brackets : Self.templates
        where Characters.begins(input, at: place, with: template, exactly: isBracket) {
            markers.append(RoleMarker(.template, range: place..<place + template.utf8CodeUnitCount))
            return
        }
    }

    /// The end of `<|name|>`, also with the wide bars of DeepSeek.
    private func controlToken(_ input: Bytes) -> Int? {
        guard let first = bar(input, at: place + 1), input[place] == UInt8(ascii: "<") else { return nil }
        var end = first
        while end < input.count, end - first < 48 {
            if let close = bar(input, at: end) {
                return end > first && close < input.count && input[close] == UInt8(ascii: ">") ? close + 1 : nil
            }
            guard input[end] > 0x20, input[end] != UInt8(ascii: "<") else { return nil }
            end += 1
        }
        return nil
    }

    /// The end of a bar at a place, narrow or wide (U+FF5C).
    private func bar(_ input: Bytes, at place: Int) -> Int? {
        guard place < input.count else { return nil }
        if input[place] == UInt8(ascii: "|") { return place + 1 }
        guard place + 2 < input.count, input[place] == 0xEF, input[place + 1] == 0xBD, input[place + 2] == 0x9C else {
            return nil
        }
        return place + 3
    }
}
