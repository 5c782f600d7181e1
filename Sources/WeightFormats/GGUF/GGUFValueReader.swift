import Encodings

/// Reads values of GGUF's metadata.
struct GGUFValueReader {
    /// The key of the value, for messages.
    let key: String

    func value(_ cursor: inout ByteCursor) throws(FormatProblem) -> WeightValue {
        let type = try type(&cursor)
        guard type == .array else { return try scalar(type, &cursor) }
        return .array(try array(&cursor))
    }

    private var what: String { "the value of \(Printable.quoted(key))" }

    private func type(_ cursor: inout ByteCursor) throws(FormatProblem) -> GGUFValueType {
        let start = cursor.offset
        let number = try cursor.number(UInt32.self, what)
        guard let type = GGUFValueType(rawValue: number) else {
            throw .malformed("\(what) is of type \(number), which there is not", at: start)
        }
        return type
    }

    func scalar(_ type: GGUFValueType, _ cursor: inout ByteCursor) throws(FormatProblem) -> WeightValue {
        switch type {
        case .uint8: return .unsigned(UInt64(try cursor.number(UInt8.self, what)), bits: 8)
        case .uint16: return .unsigned(UInt64(try cursor.number(UInt16.self, what)), bits: 16)
        case .uint32: return .unsigned(UInt64(try cursor.number(UInt32.self, what)), bits: 32)
        case .uint64: return .unsigned(try cursor.number(UInt64.self, what), bits: 64)
        case .int8: return .signed(Int64(try cursor.number(Int8.self, what)), bits: 8)
        case .int16: return .signed(Int64(try cursor.number(Int16.self, what)), bits: 16)
        case .int32: return .signed(Int64(try cursor.number(Int32.self, what)), bits: 32)
        case .int64: return .signed(try cursor.number(Int64.self, what), bits: 64)
        case .float32: return .float32(Float(bitPattern: try cursor.number(UInt32.self, what)))
        case .float64: return .float64(Double(bitPattern: try cursor.number(UInt64.self, what)))
        case .bool:
            let byte = try cursor.number(UInt8.self, what)
            // Some take any other byte for true, others its lowest bit.
            guard byte <= 1 else {
                throw .malformed("\(what) is neither true (1) nor false (0) but \(byte)", at: cursor.offset - 1)
            }
            return .bool(byte == 1)
        case .string:
            let start = cursor.offset
            let text = try cursor.text(most: WeightLimits.textLength, what)
            // Who reads it as a C string sees less than who doesn't.
            guard !text.utf8.contains(0) else { throw .malformed("\(what) has a zero byte in it", at: start) }
            return .string(text)
        case .array: throw .malformed("\(what) has arrays in an array", at: cursor.offset)
        }
    }

    private func array(_ cursor: inout ByteCursor) throws(FormatProblem) -> WeightArray {
        let start = cursor.offset
        let type = try type(&cursor)
        guard type != .array else { throw .malformed("\(what) is an array of arrays", at: start) }
        let count = try cursor.number(UInt64.self, what)
        // A string has its length, at least.
        let (least, overflows) = count.multipliedReportingOverflow(by: type.size ?? 8)
        guard !overflows, least <= cursor.left else {
            throw .malformed("\(what) is said to have \(count) elements, more than there is room for", at: start + 4)
        }
        var array = WeightArray(type: type.name, count: count, elements: [], offset: cursor.offset)
        let kept = min(count, UInt64(type == .string ? WeightLimits.keptTexts : WeightLimits.keptNumbers))
        for _ in 0..<kept {
            array.elements.append(
                type == .string
                    ? .string(try cursor.text(most: WeightLimits.textLength, what)) : try scalar(type, &cursor))
        }
        // The rest is checked and not kept.
        switch type {
        case .string: for _ in kept..<count { _ = try cursor.text(most: WeightLimits.textLength, what) }
        case .bool: for _ in kept..<count { _ = try scalar(type, &cursor) }
        default: try cursor.skip((count - kept) * type.size!, what)
        }
        return array
    }
}
