/// A key and its value, as the header contains them.
package struct WeightMetadata: Sendable, Hashable {
    package var key: String
    package var value: WeightValue
    /// The offset at which the key starts.
    package var offset: UInt64
}

/// A value of a header, with the type that it was stored as.
package enum WeightValue: Sendable, Hashable {
    case unsigned(UInt64, bits: Int)
    case signed(Int64, bits: Int)
    case float32(Float)
    case float64(Double)
    case bool(Bool)
    case string(String)
    case array(WeightArray)

    /// `u32`, `f32`, `string`, `[string]`.
    package var typeName: String {
        switch self {
        case .unsigned(_, let bits): "u\(bits)"
        case .signed(_, let bits): "i\(bits)"
        case .float32: "f32"
        case .float64: "f64"
        case .bool: "bool"
        case .string: "string"
        case .array(let array): "[\(array.type)]"
        }
    }

    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// An integer that is not negative.
    package var count: UInt64? {
        switch self {
        case .unsigned(let number, _): number
        case .signed(let number, _): UInt64(exactly: number)
        default: nil
        }
    }
}

/// The beginning of an array: a vocabulary has hundreds of thousands of elements, too many for a description.
package struct WeightArray: Sendable, Hashable {
    /// The type of the elements.
    package var type: String
    package var count: UInt64
    /// The first ones: up to 512 numbers or 64 strings.
    package var elements: [WeightValue]
    /// The offset at which the first element starts.
    package var offset: UInt64

    package var isWhole: Bool { UInt64(elements.count) == count }
}
