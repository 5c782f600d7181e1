import Encodings

/// A GGUF file's keys and values.
struct GGUFMetadata {
    private(set) var entries: [WeightMetadata] = []
    private var places: [String: Int] = [:]

    init(_ cursor: inout ByteCursor, count: UInt64) throws(FormatProblem) {
        for _ in 0..<count {
            let start = cursor.offset
            let key = try cursor.text(most: WeightLimits.keyLength, "a key")
            guard Printable.isPlain(key) else {
                throw .malformed("the key \(Printable.quoted(key)) is not plain ASCII without spaces", at: start)
            }
            guard places.updateValue(entries.count, forKey: key) == nil else {
                throw .malformed("the key \(Printable.quoted(key)) is there twice", at: start)
            }
            let value = try GGUFValueReader(key: key).value(&cursor)
            entries.append(WeightMetadata(key: key, value: value, offset: start))
        }
    }

    func entry(_ key: String) -> WeightMetadata? { places[key].map { entries[$0] } }

    func has(prefix: String) -> Bool { entries.contains { $0.key.hasPrefix(prefix) } }

    /// - Throws: ``FormatProblem`` if the value is not a string.
    func text(_ key: String) throws(FormatProblem) -> String? {
        guard let entry = entry(key) else { return nil }
        guard let text = entry.value.text else { throw wrongType(entry, "string") }
        return text
    }

    /// - Parameter type: the only type that engines accept for this key.
    /// - Throws: ``FormatProblem`` if the value is of another type or out of range.
    func number(
        _ key: String, as type: String = "u32", in range: ClosedRange<UInt64> = 0...UInt64(Int32.max)
    ) throws(FormatProblem) -> UInt64? {
        guard let entry = entry(key) else { return nil }
        guard entry.value.typeName == type else { throw wrongType(entry, type) }
        guard let count = entry.value.count, range.contains(count) else { throw outOfRange(entry, range) }
        return count
    }

    func array(_ key: String, of types: [String]) throws(FormatProblem) -> WeightArray? {
        guard let entry = entry(key) else { return nil }
        guard case .array(let array) = entry.value, types.contains(array.type) else {
            throw wrongType(entry, types.map { "[\($0)]" }.joined(separator: " or "))
        }
        return array
    }

    /// Returns one number for all layers, or one for each layer.
    ///
    /// - Throws: ``FormatProblem`` if the value is neither a number nor an array of exactly `layers` numbers.
    func perLayer(
        _ key: String, layers: UInt64, in range: ClosedRange<UInt64>
    ) throws(FormatProblem) -> GGUFPerLayer? {
        guard let entry = entry(key) else { return nil }
        guard case .array(let array) = entry.value else {
            return .all(try number(key, in: range)!)
        }
        guard ["u32", "i32"].contains(array.type) else { throw wrongType(entry, "u32, [u32] or [i32]") }
        guard array.count == layers, array.isWhole else {
            throw .malformed(
                "\(Printable.quoted(key)) has \(array.count) elements for \(layers) layers", at: entry.offset)
        }
        var numbers: [UInt64] = []
        for element in array.elements {
            guard let count = element.count, range.contains(count) else { throw outOfRange(entry, range) }
            numbers.append(count)
        }
        return .each(numbers)
    }

    func wrongType(_ entry: WeightMetadata, _ expected: String) -> FormatProblem {
        .malformed(
            "\(Printable.quoted(entry.key)) is of type \(entry.value.typeName), not \(expected)", at: entry.offset)
    }

    private func outOfRange(_ entry: WeightMetadata, _ range: ClosedRange<UInt64>) -> FormatProblem {
        let found = entry.value.count.map { "\($0)" } ?? "an element"
        return .malformed(
            "\(Printable.quoted(entry.key)) is \(found), not from \(range.lowerBound) to \(range.upperBound)",
            at: entry.offset)
    }
}

/// A hyperparameter that models may give once or for each layer.
enum GGUFPerLayer {
    case all(UInt64)
    case each([UInt64])

    subscript(layer: Int) -> UInt64 {
        switch self {
        case .all(let number): number
        case .each(let numbers): numbers[layer]
        }
    }
}
