/// Checks a JSON text in one pass and indexes its values.
///
/// A plain loop with its own stack: nesting can't exhaust the thread's.
/// Cost: linear in the text, 16 bytes of index per indexed value.
struct JSONScanner {
    let bytes: UnsafePointer<UInt8>
    let count: Int
    let limits: JSONLimits
    var position = 0
    var nodes: ContiguousArray<JSONNode> = []
    /// True while the scanner reads the member that is indexed in full.
    private var isInMember = false
    /// Names that are compared with each other when their object ends.
    private var names = ContiguousArray<Name>()

    /// An open object or array.
    private struct Frame {
        /// The node of the object or array; -1 where it lies below the indexed
        /// depth.
        var node: Int32
        /// The number of names that stood before those of this object.
        var names: Int32
        var isObject: Bool
    }

    /// The place of a member's name, with its quotes.
    private struct Name {
        var start: UInt32
        var end: UInt32
        var isEscaped: Bool
    }

    init(_ buffer: UnsafeBufferPointer<UInt8>, base: UnsafePointer<UInt8>, limits: JSONLimits) {
        self.bytes = base
        self.count = buffer.count
        self.limits = limits
        nodes.reserveCapacity(min(64, max(8, buffer.count / 16)))
    }

    /// For a single token: no index is made.
    init(scanning buffer: UnsafeBufferPointer<UInt8>, base: UnsafePointer<UInt8>) {
        bytes = base
        count = buffer.count
        limits = .skim
    }

    mutating func scan() throws(JSONProblem) {
        skipSpace()
        guard position < count else { throw JSONProblem(.empty, at: 0) }
        var stack = ContiguousArray<Frame>()
        stack.reserveCapacity(16)

        // Each turn reads one value; the inner loop then closes what it ends.
        value: while true {
            let start = position
            let indexed = stack.count <= limits.indexedDepth || isInMember
            guard position < count else { throw JSONProblem(.unexpectedEnd, at: count) }
            switch bytes[position] {
            case UInt8(ascii: "{"):
                let node = try open(.object, start: start, indexed: indexed, depth: stack.count)
                position += 1
                skipSpace()
                if position < count, bytes[position] == UInt8(ascii: "}") {
                    position += 1
                    close(node)
                } else {
                    stack.append(Frame(node: node, names: Int32(names.count), isObject: true))
                    try name(depth: stack.count)
                    continue value
                }
            case UInt8(ascii: "["):
                let node = try open(.array, start: start, indexed: indexed, depth: stack.count)
                position += 1
                skipSpace()
                if position < count, bytes[position] == UInt8(ascii: "]") {
                    position += 1
                    close(node)
                } else {
                    stack.append(Frame(node: node, names: 0, isObject: false))
                    continue value
                }
            case UInt8(ascii: "\""):
                let escaped = try string()
                if indexed { try add(.string, start: start, escaped: escaped) }
            case UInt8(ascii: "t"):
                try literal("true")
                if indexed { try add(.true, start: start) }
            case UInt8(ascii: "f"):
                try literal("false")
                if indexed { try add(.false, start: start) }
            case UInt8(ascii: "n"):
                try literal("null")
                if indexed { try add(.null, start: start) }
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                try number()
                if indexed { try add(.number, start: start) }
            default:
                throw JSONProblem(.unexpectedByte(bytes[position]), at: position)
            }

            // A value has ended: a comma goes on, a bracket closes.
            while true {
                skipSpace()
                guard let frame = stack.last else {
                    guard position == count else { throw JSONProblem(.trailingBytes, at: position) }
                    return
                }
                guard position < count else { throw JSONProblem(.unexpectedEnd, at: count) }
                let byte = bytes[position]
                if byte == UInt8(ascii: ",") {
                    position += 1
                    skipSpace()
                    if frame.isObject { try name(depth: stack.count) }
                    continue value
                }
                guard byte == (frame.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw JSONProblem(.unexpectedByte(byte), at: position)
                }
                position += 1
                stack.removeLast()
                close(frame.node)
                guard frame.isObject else { continue }
                if frame.node >= 0, stack.count < limits.indexedDepth || isInMember {
                    try refuseDuplicates(in: Int(frame.node))
                } else if limits.isStrict {
                    try refuseDuplicates(from: Int(frame.names))
                }
            }
        }
    }

    // MARK: Index

    private mutating func open(
        _ kind: JSONKind, start: Int, indexed: Bool, depth: Int
    ) throws(JSONProblem) -> Int32 {
        guard depth < limits.depth else { throw JSONProblem(.tooDeep(limit: limits.depth), at: start) }
        guard indexed else { return -1 }
        try add(kind, start: start)
        return Int32(nodes.count - 1)
    }

    private mutating func close(_ node: Int32) {
        guard node >= 0 else { return }
        nodes[Int(node)].end = UInt32(position)
        nodes[Int(node)].next = UInt32(nodes.count)
    }

    private mutating func add(_ kind: JSONKind, start: Int, escaped: Bool = false) throws(JSONProblem) {
        guard nodes.count < limits.values else { throw JSONProblem(.tooManyValues(limit: limits.values), at: start) }
        nodes.append(
            JSONNode(
                start: UInt32(start), end: UInt32(position), next: UInt32(nodes.count + 1), kind: kind,
                isEscaped: escaped))
    }

    /// Two members of one name make two readers disagree about a request.
    private mutating func refuseDuplicates(in object: Int) throws(JSONProblem) {
        let first = names.count
        let end = Int(nodes[object].next)
        var index = object + 1
        while index < end {
            names.append(
                Name(start: nodes[index].start, end: nodes[index].end, isEscaped: nodes[index].isEscaped))
            index = Int(nodes[index + 1].next)
        }
        try refuseDuplicates(from: first)
    }

    /// - Parameter first: The place of the object's first name in ``names``; its
    ///   names are the last ones there, and are taken out.
    private mutating func refuseDuplicates(from first: Int) throws(JSONProblem) {
        defer { names.removeLast(names.count - first) }
        let count = names.count - first
        guard count > 1 else { return }
        if count <= 24, !names[first...].contains(where: \.isEscaped) {
            for later in (first + 1)..<names.count {
                for earlier in first..<later where sameBytes(names[earlier], names[later]) {
                    throw JSONProblem(.duplicateName(text(names[later])), at: Int(names[later].start))
                }
            }
            return
        }
        // Bytes, since Swift calls strings equal that are spelt differently.
        var seen = Set<[UInt8]>(minimumCapacity: count)
        for name in names[first...] {
            let text = text(name)
            guard seen.insert(Array(text.utf8)).inserted else {
                throw JSONProblem(.duplicateName(text), at: Int(name.start))
            }
        }
    }

    private func sameBytes(_ left: Name, _ right: Name) -> Bool {
        let length = left.end - left.start
        guard length == right.end - right.start else { return false }
        for offset in 0..<Int(length) where bytes[Int(left.start) + offset] != bytes[Int(right.start) + offset] {
            return false
        }
        return true
    }

    private func text(_ name: Name) -> String {
        JSONString.decode(
            UnsafeBufferPointer(start: bytes + Int(name.start) + 1, count: Int(name.end - name.start) - 2),
            isEscaped: name.isEscaped)
    }

    // MARK: Tokens

    @inline(__always)
    private mutating func skipSpace() {
        while position < count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func name(depth: Int) throws(JSONProblem) {
        let start = position
        guard position < count else { throw JSONProblem(.unexpectedEnd, at: count) }
        guard bytes[position] == UInt8(ascii: "\"") else {
            throw JSONProblem(.unexpectedByte(bytes[position]), at: position)
        }
        let escaped = try string()
        if depth == 1, let member = limits.indexedMember {
            // What an escaped name says is not worth finding out here.
            isInMember = escaped || reads(member, from: start + 1, to: position - 1)
        }
        if depth <= limits.indexedDepth || isInMember {
            try add(.string, start: start, escaped: escaped)
        } else if limits.isStrict {
            guard names.count < limits.values else {
                throw JSONProblem(.tooManyValues(limit: limits.values), at: start)
            }
            names.append(Name(start: UInt32(start), end: UInt32(position), isEscaped: escaped))
        }
        skipSpace()
        guard position < count else { throw JSONProblem(.unexpectedEnd, at: count) }
        guard bytes[position] == UInt8(ascii: ":") else {
            throw JSONProblem(.unexpectedByte(bytes[position]), at: position)
        }
        position += 1
        skipSpace()
    }

    private func reads(_ word: StaticString, from start: Int, to end: Int) -> Bool {
        guard end - start == word.utf8CodeUnitCount else { return false }
        for offset in 0..<(end - start) where bytes[start + offset] != word.utf8Start[offset] { return false }
        return true
    }

    private mutating func literal(_ word: StaticString) throws(JSONProblem) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard position < count else { throw JSONProblem(.unexpectedEnd, at: count) }
            guard bytes[position] == word.utf8Start[offset] else {
                throw JSONProblem(.unexpectedByte(bytes[position]), at: position)
            }
            position += 1
        }
    }

    private mutating func number() throws(JSONProblem) {
        let start = position
        func problem() -> JSONProblem { JSONProblem(.invalidNumber, at: start) }
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        guard position < count else { throw problem() }
        if bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            guard digits() else { throw problem() }
        }
        if position < count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            guard digits() else { throw problem() }
        }
        if position < count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            guard digits() else { throw problem() }
        }
        // "01", "1x": what follows must end the number.
        if position < count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): break
            default: throw problem()
            }
        }
    }

    private mutating func digits() -> Bool {
        let start = position
        while position < count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        return position > start
    }

    /// Reads a string from its opening to behind its closing quote.
    /// - Returns: True when the string holds escapes.
    mutating func string() throws(JSONProblem) -> Bool {
        let opening = position
        position += 1
        var escaped = false
        while true {
            // Eight plain ASCII bytes at a time.
            while position + 8 <= count {
                let word = UnsafeRawPointer(bytes + position).loadUnaligned(as: UInt64.self)
                guard JSONString.isPlain(word) else { break }
                position += 8
            }
            guard position < count else { throw JSONProblem(.unexpectedEnd, at: opening) }
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return escaped
            case UInt8(ascii: "\\"):
                escaped = true
                try escape()
            case 0..<0x20:
                throw byte == 0
                    ? JSONProblem(.unexpectedByte(0), at: position)
                    : JSONProblem(.controlCharacterInString(byte), at: position)
            case 0x20..<0x80:
                position += 1
            default:
                let length = JSONString.utf8Length(bytes + position, available: count - position)
                guard length > 0 else { throw JSONProblem(.invalidUTF8, at: position) }
                position += length
            }
        }
    }

    private mutating func escape() throws(JSONProblem) {
        let start = position
        guard position + 1 < count else { throw JSONProblem(.unexpectedEnd, at: count) }
        switch bytes[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            guard let unit = hex(at: position + 2) else { throw JSONProblem(.invalidEscape, at: start) }
            position += 6
            switch unit {
            case 0xD800..<0xDC00:
                guard position + 1 < count, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u"),
                    let low = hex(at: position + 2), (0xDC00..<0xE000).contains(low)
                else { throw JSONProblem(.loneSurrogate, at: start) }
                position += 6
            case 0xDC00..<0xE000: throw JSONProblem(.loneSurrogate, at: start)
            default: break
            }
        default: throw JSONProblem(.invalidEscape, at: start)
        }
    }

    private func hex(at index: Int) -> UInt32? {
        guard index + 4 <= count else { return nil }
        return JSONString.hex(bytes + index)
    }
}
