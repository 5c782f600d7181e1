import FoundationEssentials

/// JSON as the administrators' resources speak it: members in snake case, in
/// the order of the alphabet; an unknown value is left out.
package enum AdminJSON {
    package static func encode(_ view: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(view))
    }

    /// - Throws: `DecodingError` where the bytes are no such view.
    package static func decode<View: Decodable>(_ view: View.Type, from bytes: some Sequence<UInt8>) throws -> View {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(view, from: Data(bytes))
    }
}
