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

    /// The reason that bytes are no such view: the place, and what is wrong.
    package static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        let context: DecodingError.Context? =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default: nil
            }
        guard let context else { return "\(error)" }
        let place = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return (place.isEmpty ? "" : "\(place): ") + context.debugDescription
    }

    /// - Throws: `DecodingError` where the bytes are no such view.
    package static func decode<View: Decodable>(_ view: View.Type, from bytes: some Sequence<UInt8>) throws -> View {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(view, from: Data(bytes))
    }
}
